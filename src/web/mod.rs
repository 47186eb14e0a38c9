//! Pages
pub fn scorecard(_: &crate::snapshot::Snapshot) -> String {
    String::new()
}
pub fn waiting() -> String {
    String::new()
}
