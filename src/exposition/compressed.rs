//! A text compressed piece by piece, made from what was compressed before: groups of pieces that are the same
//! bytes are not compressed again. Not here: what the text says.
//!
//! A gzip body is one member: the deflate streams of the groups are flushed to a byte boundary and left open,
//! and what comes last ends it (RFC 1951 §3.2.4, RFC 1952 §2.3). A zstd body is a frame for each group, one
//! after the other (RFC 8878 §3).

use std::io::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::rendered::Rendered;

/// Magic, deflate, no flags, no time, unknown system (RFC 1952 §2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A group has so many bytes at least: enough for its beginning, which refers to nothing, not to matter.
const GROUP: usize = 256 << 10;

/// Groups that have grown to so many times as much are cut anew.
const GROWN: usize = 4;

/// Groups that are compressed at the same time.
const THREADS: usize = 2;

const ZSTD_LEVEL: i32 = 1;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compressor {
    /// As every scraper knows it.
    Gzip,
    /// As newer ones do.
    Zstd,
}

impl Compressor {
    /// Value of the `Content-Encoding` header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// What a body begins with.
    fn header(self) -> &'static [u8] {
        match self {
            Self::Gzip => &GZIP_HEADER,
            Self::Zstd => &[],
        }
    }
}

/// The shared part of a body, open for what comes last.
#[derive(Debug)]
pub(super) struct Compressed {
    of: Arc<Rendered>,
    by: Compressor,
    groups: Vec<Group>,
    bytes: Bytes,
    crc: Crc,
}

#[derive(Debug, Clone)]
struct Group {
    /// Index of its last piece.
    end: usize,
    bytes: Bytes,
    crc: Arc<Crc>,
}

impl Compressed {
    /// Compresses a text; `before` is an earlier one.
    ///
    /// # Errors
    /// Only when compressing in memory fails.
    pub(super) fn new(
        of: &Arc<Rendered>,
        by: Compressor,
        before: Option<&Self>,
    ) -> io::Result<Self> {
        let before = before.filter(|old| old.by == by && old.of.ends().len() == of.ends().len());
        let (cuts, before) = match before {
            Some(old) if !old.has_grown(of) => (old.groups.iter().map(|g| g.end).collect(), before),
            _ => (cut(of.ends()), None),
        };
        let old = |index: usize| before.map(|old| (old.range(index), &old.groups[index], old));
        let mut groups: Vec<Option<Group>> = Vec::with_capacity(cuts.len());
        let mut new = Vec::new();
        let mut start = 0;
        for (index, end) in cuts.iter().copied().enumerate() {
            let text = &of.text().as_bytes()[of.ends()[start]..of.ends()[end]];
            let same = old(index)
                .filter(|(range, _, old)| old.of.text().as_bytes()[range.clone()] == *text);
            groups.push(same.map(|(_, group, _)| group.clone()));
            if groups[index].is_none() {
                new.push((index, end, text));
            }
            start = end;
        }
        for (index, group) in compress_all(&new, by)? {
            groups[index] = Some(group);
        }
        let groups: Vec<Group> = groups.into_iter().flatten().collect();
        let mut crc = Crc::new();
        for group in &groups {
            crc.combine(&group.crc);
        }
        let size = groups.iter().map(|group| group.bytes.len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(by.header().len() + size);
        bytes.extend_from_slice(by.header());
        for group in &groups {
            bytes.extend_from_slice(&group.bytes);
        }
        Ok(Self { of: Arc::clone(of), by, groups, bytes: bytes.into(), crc })
    }

    /// Whether it is of this text.
    pub(super) fn is_of(&self, rendered: &Arc<Rendered>) -> bool {
        Arc::ptr_eq(&self.of, rendered)
    }

    /// All of it.
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Where a group is in the text.
    fn range(&self, index: usize) -> Range<usize> {
        let ends = self.of.ends();
        let start = index.checked_sub(1).map_or(0, |before| self.groups[before].end);
        ends[start]..ends[self.groups[index].end]
    }

    /// Whether groups as they are would be too large for another text.
    fn has_grown(&self, now: &Rendered) -> bool {
        let mut start = 0;
        self.groups.iter().any(|group| {
            let size = now.ends()[group.end] - now.ends()[start];
            let has_several = group.end - start > 1;
            start = group.end;
            has_several && size > GROWN * GROUP
        })
    }
}

/// What comes last: its bytes, and for gzip the end of the member.
///
/// # Errors
/// Only when compressing in memory fails.
pub(super) fn last_part(
    shared: Option<&Compressed>,
    own: &[u8],
    by: Compressor,
) -> io::Result<Vec<u8>> {
    match by {
        Compressor::Zstd => zstd::bulk::compress(own, ZSTD_LEVEL),
        Compressor::Gzip => {
            let header = if shared.is_some() { Vec::new() } else { GZIP_HEADER.to_vec() };
            let mut encoder = DeflateEncoder::new(header, Compression::fast());
            encoder.write_all(own)?;
            let mut bytes = encoder.finish()?;
            let (mut total, mut crc) = (Crc::new(), Crc::new());
            crc.update(own);
            if let Some(shared) = shared {
                total.combine(&shared.crc);
            }
            total.combine(&crc);
            bytes.extend(total.sum().to_le_bytes());
            bytes.extend(total.amount().to_le_bytes());
            Ok(bytes)
        }
    }
}

/// Pieces at which groups end.
fn cut(ends: &[usize]) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut begun = 0;
    for (piece, end) in ends.iter().enumerate().skip(1) {
        if end - begun >= GROUP || piece + 1 == ends.len() {
            cuts.push(piece);
            begun = *end;
        }
    }
    cuts
}

/// Groups to compress: index, last piece and text of each.
type NewGroups<'t> = [(usize, usize, &'t [u8])];

/// Compresses groups, many of them at the same time.
fn compress_all(new: &NewGroups<'_>, by: Compressor) -> io::Result<Vec<(usize, Group)>> {
    let compress = |part: &NewGroups<'_>| -> io::Result<Vec<(usize, Group)>> {
        part.iter().map(|(index, end, text)| Ok((*index, compressed(text, *end, by)?))).collect()
    };
    if new.len() < 2 * THREADS {
        return compress(new);
    }
    thread::scope(|scope| {
        let parts = new.chunks(new.len().div_ceil(THREADS));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || compress(part))).collect();
        let mut all = Vec::with_capacity(new.len());
        for thread in threads {
            let done = thread.join().map_err(|_| io::Error::other("a defect of compression"))?;
            all.extend(done?);
        }
        Ok(all)
    })
}

fn compressed(text: &[u8], end: usize, by: Compressor) -> io::Result<Group> {
    let mut crc = Crc::new();
    let bytes = match by {
        Compressor::Gzip => {
            crc.update(text);
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text)?;
            encoder.flush()?;
            // Taken before the encoder would close the stream.
            std::mem::take(encoder.get_mut())
        }
        Compressor::Zstd => zstd::bulk::compress(text, ZSTD_LEVEL)?,
    };
    Ok(Group { end, bytes: bytes.into(), crc: Arc::new(crc) })
}

#[cfg(test)]
impl Compressed {
    /// How many groups are those of another, and how many there are.
    pub(super) fn shared_groups(&self, other: &Self) -> (usize, usize) {
        let same = |(one, other): &(&Group, &Group)| one.bytes.as_ptr() == other.bytes.as_ptr();
        (self.groups.iter().zip(&other.groups).filter(same).count(), self.groups.len())
    }
}
