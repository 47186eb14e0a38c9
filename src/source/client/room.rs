//! Room for bytes that come in pieces, until all are there. What is small is in a buffer that grows. What
//! is large is in memory that was asked of the system for it alone: nothing is copied as it grows, only
//! what was written to is taken, and all of it is given back at once. Not here: limits (`body`).

use std::io::{self, Write};

use bytes::Bytes;
use memmap2::{MmapMut, MmapOptions};

/// Bytes above which the system is asked for memory.
const SMALL: usize = 256 << 10;

/// What has come so far.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    small: Vec<u8>,
    large: Option<Large>,
}

#[derive(Debug)]
struct Large {
    map: MmapMut,
    taken: usize,
}

impl Room {
    /// For so many bytes at most.
    pub(super) fn new(most: u64) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), small: Vec::new(), large: None }
    }

    pub(super) fn len(&self) -> usize {
        self.large.as_ref().map_or(self.small.len(), |large| large.taken)
    }

    /// All of it in one piece.
    pub(super) fn into_bytes(self) -> Bytes {
        match self.large {
            Some(large) => Bytes::from_owner(large),
            None => self.small.into(),
        }
    }

    fn enlarge(&mut self) -> io::Result<()> {
        let map = MmapOptions::new().len(self.most).no_reserve_swap().map_anon()?;
        let mut large = Large { map, taken: 0 };
        large.write_all(&std::mem::take(&mut self.small))?;
        self.large = Some(large);
        Ok(())
    }
}

impl Write for Room {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.large.is_none() {
            if self.small.len() + piece.len() <= SMALL {
                self.small.extend_from_slice(piece);
                return Ok(piece.len());
            }
            self.enlarge()?;
        }
        self.large.as_mut().map_or(Ok(0), |large| large.write(piece))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Large {
    /// As much as there is room for.
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = self.map.get_mut(self.taken..).unwrap_or_default();
        let now = piece.len().min(room.len());
        if let (Some(room), Some(piece)) = (room.get_mut(..now), piece.get(..now)) {
            room.copy_from_slice(piece);
        }
        self.taken += now;
        Ok(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsRef<[u8]> for Large {
    fn as_ref(&self) -> &[u8] {
        self.map.get(..self.taken).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn pieces_of_any_size_come_out_as_they_went_in(
            sizes in proptest::collection::vec(prop_oneof![0..200_usize, SMALL - 2..SMALL + 2], 0..8),
            spare in prop_oneof![Just(0_u64), 1..100_u64, Just(1 << 30)],
        ) {
            let most = sizes.iter().sum::<usize>() as u64;
            let (mut room, mut whole) = (Room::new(most + spare), Vec::new());
            for (number, size) in sizes.into_iter().enumerate() {
                let piece: Vec<u8> = (0..size).map(|at| ((at * 31 + number) % 251).try_into().unwrap()).collect();
                room.write_all(&piece).unwrap();
                whole.extend(piece);
                prop_assert_eq!(room.len(), whole.len());
            }
            prop_assert!(room.into_bytes() == whole);
        }
    }

    #[test]
    fn more_than_there_is_room_for_is_an_error() {
        let mut room = Room::new(SMALL as u64 + 10);
        room.write_all(&vec![1; SMALL]).unwrap();
        room.write_all(&[2; 10]).unwrap();
        assert!(room.write_all(&[3]).is_err());
        assert_eq!(room.len(), SMALL + 10);
    }
}
