//! The Mandelbrot set: how many steps a point takes to leave, row by row. The other scripts compute it, each in its way.
//!
//! ```text
//! %use mandelbrot from scripts/mandelbrot.rs
//! display::png(mandelbrot::png(&mandelbrot::MEDIUM.rows()));
//! ```
//!
//! `%run scripts/mandelbrot.rs` prints it with letters.

/// How large a picture is, and after how many steps a point counts as one that stays.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub width: u32,
    pub height: u32,
    pub limit: u32,
}

/// For the console.
pub const SMALL: Size = Size {
    width: 72,
    height: 24,
    limit: 60,
};
/// For a picture in a notebook.
pub const MEDIUM: Size = Size {
    width: 600,
    height: 400,
    limit: 200,
};
/// For a clock: about a second of one processor's time.
pub const LARGE: Size = Size {
    width: 1200,
    height: 800,
    limit: 1600,
};

/// How many steps `z = z * z + c` takes to leave the circle of radius 2.
pub fn steps(re: f64, im: f64, limit: u32) -> u32 {
    let (mut x, mut y) = (0.0, 0.0);
    for step in 0..limit {
        if x * x + y * y > 4.0 {
            return step;
        }
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
    }
    limit
}

impl Size {
    /// The steps of one row.
    pub fn row(self, y: u32) -> Vec<u32> {
        let im = f64::from(y) / f64::from(self.height - 1) * 2.4 - 1.2;
        let re = |x| f64::from(x) / f64::from(self.width - 1) * 3.2 - 2.3;
        (0..self.width)
            .map(|x| steps(re(x), im, self.limit))
            .collect()
    }

    /// All rows, one after the other.
    pub fn rows(self) -> Vec<Vec<u32>> {
        (0..self.height).map(|y| self.row(y)).collect()
    }
}

/// A row with letters: the more steps, the more ink.
pub fn letters(row: &[u32]) -> String {
    const INK: [char; 8] = [' ', '.', ':', '-', '=', '+', '*', '#'];
    let ink = |steps: &u32| INK[((*steps).max(1).ilog2() as usize).min(INK.len() - 1)];
    row.iter().map(ink).collect()
}

/// The sum of all steps, to see that two ways have computed the same.
pub fn total(rows: &[Vec<u32>]) -> u64 {
    rows.iter().flatten().map(|&steps| u64::from(steps)).sum()
}

/// The sixteen colours of a picture: one for the set, and fifteen that grow lighter.
fn palette() -> Vec<u8> {
    let lighter = (1..16_u8).flat_map(|shade| [30 + shade * 15, 50 + shade * 12, 120 + shade * 9]);
    [20, 24, 40].into_iter().chain(lighter).collect()
}

/// A PNG file's bytes: four bits a point, stored and not packed, which needs no library.
pub fn png(rows: &[Vec<u32>]) -> Vec<u8> {
    let limit = rows.iter().flatten().max().copied().unwrap_or(1);
    let shade = |&steps: &u32| match steps >= limit {
        true => 0,
        false => ((15.0 * f64::from(steps + 1).ln() / f64::from(limit).ln()) as u8).clamp(1, 15),
    };
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = Vec::new();
    head.extend((rows.first().map_or(0, Vec::len) as u32).to_be_bytes());
    head.extend((rows.len() as u32).to_be_bytes());
    // Four bits, which name a colour of the palette; no interlacing.
    head.extend([4, 3, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &head);
    chunk(&mut file, b"PLTE", &palette());
    let mut lines = Vec::new();
    for row in rows {
        // Each line begins with its filter: none.
        lines.push(0);
        lines.extend(row.chunks(2).map(|pair| shade(&pair[0]) << 4 | pair.get(1).map_or(0, shade)));
    }
    let mut data = vec![0x78, 0x01];
    let blocks = lines.chunks(65_535);
    let last = blocks.len() - 1;
    for (index, block) in blocks.enumerate() {
        let length = block.len() as u16;
        data.push(u8::from(index == last));
        data.extend(length.to_le_bytes());
        data.extend((!length).to_le_bytes());
        data.extend(block);
    }
    data.extend(adler(&lines).to_be_bytes());
    chunk(&mut file, b"IDAT", &data);
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(name);
    file.extend(data);
    let mut rest = u32::MAX;
    for &byte in name.iter().chain(data) {
        rest ^= u32::from(byte);
        for _ in 0..8 {
            rest = (rest >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(rest & 1));
        }
    }
    file.extend((!rest).to_be_bytes());
}

fn adler(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1, 0);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

// Nobody calls it where this file is a part of another.
#[allow(dead_code)]
fn main() {
    for row in SMALL.rows() {
        println!("{}", letters(&row));
    }
}
