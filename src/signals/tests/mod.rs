//! What the tests of this room share.

pub(in crate::signals) mod simulate;
