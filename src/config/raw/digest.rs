//! A digest as written.

use serde::Deserialize;

use crate::reader::forms::Alternative;
use crate::reader::forms::Mixed;
use crate::reader::secret_text::SecretText;
use crate::reader::spanned::{Spanned, Text};

#[derive(Clone, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DigestRaw {
    pub(crate) schedule: Option<Text>,
    pub(crate) timezone: Option<Text>,
    pub(crate) to: Option<Spanned<Mixed<ChannelRaw>>>,
    pub(crate) team: Option<Text>,
    pub(crate) objective: Option<Text>,
    pub(crate) quiet_when_fine: Option<bool>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChannelRaw {
    pub(crate) slack: Option<SecretText>,
    pub(crate) teams: Option<SecretText>,
    pub(crate) webhook: Option<SecretText>,
    pub(crate) email: Option<EmailRaw>,
}

impl Alternative for ChannelRaw {
    const EXPECTED: &'static str = "stdout, or one of `{ slack: URL }`, `{ teams: URL }`, \
                                    `{ webhook: URL }` and `{ email: … }`";
}

#[derive(Clone, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EmailRaw {
    pub(crate) server: Option<SecretText>,
    pub(crate) from: Option<Text>,
    pub(crate) to: Option<Vec<Text>>,
}
