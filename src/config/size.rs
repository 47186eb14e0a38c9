//! How large a file of a configuration may be. Not here: that one says so itself (`load`,
//! `validate::limits`).

/// More than this is not a configuration written by hand, unless it says so itself.
pub(super) const USUAL: u64 = 4 << 20;
/// What a configuration may say at most.
pub(super) const LARGEST: u64 = 256 << 20;
