//! What the tests of this room share.

pub(in crate::exposition) mod reader;
