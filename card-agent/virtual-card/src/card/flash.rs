//! The card's flash: a copy in memory written through to a file, with a fuse that cuts the power.
//!
//! The file is written without fsync: killing the process loses nothing, a crash of the whole machine may.

use std::{
    cell::Cell,
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    rc::Rc,
};

use generic_array::typenum::{U8, U512};
use littlefs2::{
    driver::Storage,
    io::{Error, Result},
};

const BLOCK_BYTES: usize = 512;
const BLOCKS: usize = 256;
const FLASH_BYTES: usize = BLOCK_BYTES * BLOCKS;

/// Shared by the flashes of one card: counts their writes, and cuts the power when it is told to.
#[derive(Clone)]
pub(super) struct Fuse(Rc<Cell<State>>);

#[derive(Clone, Copy)]
enum State {
    Unlimited,
    WritesLeft(u64),
    Blown,
}

impl Fuse {
    pub(super) fn new() -> Self {
        Self(Rc::new(Cell::new(State::Unlimited)))
    }

    /// Lets `writes` more flash operations through; the next one lands by half.
    pub(super) fn set(&self, writes: u64) {
        self.0.set(State::WritesLeft(writes));
    }

    pub(super) fn is_blown(&self) -> bool {
        matches!(self.0.get(), State::Blown)
    }

    fn burn(&self) -> Burn {
        match self.0.get() {
            State::Unlimited => Burn::Whole,
            State::Blown => Burn::Nothing,
            State::WritesLeft(0) => {
                self.0.set(State::Blown);
                Burn::Half
            }
            State::WritesLeft(left) => {
                self.0.set(State::WritesLeft(left - 1));
                Burn::Whole
            }
        }
    }
}

/// How much of a write lands.
enum Burn {
    Whole,
    Half,
    Nothing,
}

/// One flash chip. Without a file it is memory that forgets at power-off.
pub(super) struct Flash {
    image: Vec<u8>,
    backing: Option<(File, Fuse)>,
}

impl Flash {
    pub(super) fn volatile() -> Self {
        Self { image: vec![0xff; FLASH_BYTES], backing: None }
    }

    /// Opens the image, or makes an erased one; says whether it must be formatted.
    pub(super) fn open(path: &Path, fuse: Fuse) -> io::Result<(Self, bool)> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut image = Vec::new();
        file.read_to_end(&mut image)?;
        let fresh = image.len() != FLASH_BYTES;
        if fresh {
            image = vec![0xff; FLASH_BYTES];
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&image)?;
        }
        Ok((Self { image, backing: Some((file, fuse)) }, fresh))
    }

    fn program(&mut self, offset: usize, data: &[u8]) -> Result<usize> {
        let Some((file, fuse)) = &mut self.backing else {
            self.image[offset..offset + data.len()].copy_from_slice(data);
            return Ok(data.len());
        };
        let (lands, survives) = match fuse.burn() {
            Burn::Whole => (data.len(), true),
            Burn::Half => (data.len() / 2, false),
            Burn::Nothing => (0, false),
        };
        self.image[offset..offset + lands].copy_from_slice(&data[..lands]);
        let written = file
            .seek(SeekFrom::Start(offset as u64))
            .and_then(|_| file.write_all(&self.image[offset..offset + lands]));
        if survives && written.is_ok() { Ok(data.len()) } else { Err(Error::IO) }
    }
}

impl Storage for Flash {
    const READ_SIZE: usize = 16;
    const WRITE_SIZE: usize = 16;
    const BLOCK_SIZE: usize = BLOCK_BYTES;
    const BLOCK_COUNT: usize = BLOCKS;
    type CACHE_SIZE = U512;
    type LOOKAHEAD_SIZE = U8;

    fn read(&mut self, offset: usize, buffer: &mut [u8]) -> Result<usize> {
        buffer.copy_from_slice(&self.image[offset..offset + buffer.len()]);
        Ok(buffer.len())
    }

    fn write(&mut self, offset: usize, data: &[u8]) -> Result<usize> {
        self.program(offset, data)
    }

    fn erase(&mut self, offset: usize, len: usize) -> Result<usize> {
        self.program(offset, &vec![0xff; len])
    }
}
