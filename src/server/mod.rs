//! HTTP: hands out what a snapshot says. A request never touches a source and never computes a
//! KPI, so `/metrics` answers in its own time whatever the sources do.
//!
//! Not here: the pages themselves (`web`), JSON (`api`) and metric bodies (`exposition`).

mod api_routes;
mod connection;
mod door;
mod lifecycle;
mod metrics_path;
mod negotiate;
mod notes;
mod paced;
mod pages;
mod places;
mod progress;
mod query;
mod response;
mod routes;
mod serving;
mod shared;
mod site;

pub use connection::serve;
pub use door::{Door, User};
pub use metrics_path::MetricsPath;
pub use serving::Serving;
pub use shared::{HEARTBEAT, NotTaken, NoteRequest, ReloadRequest, Shared};
