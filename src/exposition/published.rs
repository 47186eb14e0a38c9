//! Bodies for scrapes. The part that a snapshot decides is rendered and compressed once and shared
//! by all scrapes; the small part with the self-metrics is made anew each time and put behind it.
//!
//! A gzip body is one member: the deflate stream of the first part is flushed to a byte boundary
//! and left open, that of the second part continues it (RFC 1951 §3.2.4, RFC 1952 §2.3).

use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::body;
use super::encode::ExpositionFormat;
use super::self_metrics::SelfMetrics;
use crate::snapshot::Snapshot;

/// Magic, deflate, no flags, no time, unknown system (RFC 1952 §2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A snapshot with its rendered bodies.
#[derive(Debug)]
pub struct Published {
    snapshot: Arc<Snapshot>,
    text: BodyPart,
    open_metrics: OnceLock<BodyPart>,
}

/// A body in two pieces, to be sent one after the other.
#[derive(Debug, Clone)]
pub struct ScrapeBody {
    /// Shared by all scrapes of a snapshot.
    pub shared: Bytes,
    /// Made for this scrape.
    pub own: Bytes,
}

/// The part of a body that a snapshot decides.
#[derive(Debug, Default)]
struct BodyPart {
    plain: Bytes,
    deflated: OnceLock<Deflated>,
}

/// Header and open deflate stream of the shared part, and the checksum so far.
#[derive(Debug)]
struct Deflated {
    bytes: Bytes,
    crc: Crc,
}

impl Published {
    /// Renders the classic text at once; OpenMetrics and compression wait until somebody asks.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        let text = BodyPart::render(&snapshot, ExpositionFormat::Text);
        Self { snapshot, text, open_metrics: OnceLock::new() }
    }

    /// What was rendered.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    fn part(&self, format: ExpositionFormat) -> &BodyPart {
        match format {
            ExpositionFormat::Text => &self.text,
            ExpositionFormat::OpenMetrics => {
                self.open_metrics.get_or_init(|| BodyPart::render(&self.snapshot, format))
            }
        }
    }
}

impl ScrapeBody {
    /// The body of a scrape: what the snapshot says, if there is one yet, and the self-metrics.
    ///
    /// # Errors
    /// Only when compressing in memory fails.
    pub fn new(
        published: Option<&Published>,
        self_metrics: &SelfMetrics,
        format: ExpositionFormat,
        gzip: bool,
    ) -> io::Result<Self> {
        let nothing = BodyPart::default();
        let part = published.map_or(&nothing, |published| published.part(format));
        let own = self_metrics.render(format);
        if gzip { part.gzip_with(&own) } else { Ok(part.plain_with(own)) }
    }
}

impl BodyPart {
    fn render(snapshot: &Snapshot, format: ExpositionFormat) -> Self {
        let plain = Bytes::from(body::render(snapshot, format));
        Self { plain, deflated: OnceLock::new() }
    }

    fn plain_with(&self, own: String) -> ScrapeBody {
        ScrapeBody { shared: self.plain.clone(), own: own.into() }
    }

    fn gzip_with(&self, own: &str) -> io::Result<ScrapeBody> {
        let shared = if let Some(shared) = self.deflated.get() {
            shared
        } else {
            let made = Deflated::new(&self.plain)?;
            self.deflated.get_or_init(|| made)
        };
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(own.as_bytes())?;
        let mut bytes = encoder.finish()?;

        let (mut total, mut crc) = (Crc::new(), Crc::new());
        crc.update(own.as_bytes());
        total.combine(&shared.crc);
        total.combine(&crc);
        bytes.extend(total.sum().to_le_bytes());
        bytes.extend(total.amount().to_le_bytes());
        Ok(ScrapeBody { shared: shared.bytes.clone(), own: bytes.into() })
    }
}

impl Deflated {
    fn new(plain: &[u8]) -> io::Result<Self> {
        let mut crc = Crc::new();
        crc.update(plain);
        let mut encoder = DeflateEncoder::new(GZIP_HEADER.to_vec(), Compression::fast());
        encoder.write_all(plain)?;
        encoder.flush()?;
        // Taken before the encoder would close the stream.
        let bytes = std::mem::take(encoder.get_mut()).into();
        Ok(Self { bytes, crc })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn unzipped(body: &ScrapeBody) -> String {
        let bytes = [&body.shared[..], &body.own[..]].concat();
        // Reads one member and checks its checksum; nothing may follow it.
        let mut decoder = GzDecoder::new(&bytes[..]);
        let mut text = String::new();
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty());
        text
    }

    proptest! {
        #[test]
        fn a_body_zipped_in_two_parts_unzips_as_one(shared in "(?s).{0,400}", own in "(?s).{0,400}") {
            let part = BodyPart { plain: Bytes::from(shared.clone()), deflated: OnceLock::new() };
            let expected = shared + &own;
            prop_assert_eq!(&unzipped(&part.gzip_with(&own).unwrap()), &expected);
            prop_assert_eq!(&unzipped(&part.gzip_with(&own).unwrap()), &expected);
        }
    }

    #[test]
    fn scrapes_share_the_bytes_of_a_snapshot() {
        let part = BodyPart { plain: Bytes::from("a 1\n"), deflated: OnceLock::new() };
        let (one, two) = (part.plain_with(String::new()), part.plain_with(String::new()));
        assert_eq!(one.shared.as_ptr(), two.shared.as_ptr());
        let (one, two) = (part.gzip_with("b 1\n").unwrap(), part.gzip_with("b 2\n").unwrap());
        assert_eq!(one.shared.as_ptr(), two.shared.as_ptr());
    }
}
