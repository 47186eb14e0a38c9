//! The keys of a `sql` source as written: those of databases and of engines alike.

use crate::reader::secret_text::SecretText;
use crate::reader::spanned::Text;
use crate::source::client::settings::{Elsewhere, with_client_keys};

with_client_keys! {
    pub(crate) struct SqlRaw {
        url: Option<SecretText>,
        user: Option<Text>,
        password: Option<SecretText>,
        tenant: Elsewhere,
    }
}
