//! Inputs made of others, the same from the same seed in every run.

/// Numbers at the ends of their types, and beside them.
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "-1",
    "2",
    "100001",
    "65535",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "1e300",
];
/// What readers look for.
const WORDS: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b",",
    b":",
    b"=",
    b"*-1\r\n",
    b"$-1\r\n",
    b"*1\r\n",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\\u0000",
    b"\\ud800",
];

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A part of so many bytes, seldom a long one.
    fn part(&mut self, n: usize) -> std::ops::Range<usize> {
        let from = self.below(n + 1);
        let most = if self.below(4) == 0 { n - from } else { (n - from).min(16) };
        from..from + self.below(most + 1)
    }
}

/// One of these, changed in a few places.
pub fn mutated(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.of(seeds).clone();
    for _ in 0..=rng.below(4) {
        change(rng, &mut bytes, seeds);
    }
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let n = bytes.len();
    match rng.below(14) {
        0 if n > 0 => bytes[rng.below(n)] ^= 1 << rng.below(8),
        1 if n > 0 => bytes[rng.below(n)] = u8::try_from(rng.below(256)).unwrap(),
        2 => bytes.truncate(rng.below(n + 1)),
        3 => drop(bytes.drain(rng.part(n))),
        4 => {
            let (again, at) = (bytes[rng.part(n)].to_vec(), rng.below(n + 1));
            bytes.splice(at..at, again);
        }
        5 => {
            let (at, word) = (rng.below(n + 1), *rng.of(&WORDS));
            bytes.splice(at..at, word.iter().copied());
        }
        // another's end
        6 => {
            let other = rng.of(seeds);
            bytes.truncate(rng.below(n + 1));
            bytes.extend_from_slice(&other[rng.below(other.len() + 1)..]);
        }
        7 | 8 => {
            let numbers = runs(bytes, |b| b.is_ascii_digit());
            if !numbers.is_empty() {
                let at = rng.of(&numbers).clone();
                bytes.splice(at, rng.of(&NUMBERS).bytes());
            }
        }
        // a name or a text of its own or another's
        9 | 10 => {
            let (texts, other) = (runs(bytes, is_text), rng.of(seeds));
            let others = runs(other, is_text);
            if !texts.is_empty() && !others.is_empty() {
                let at = rng.of(&texts).clone();
                bytes.splice(at, other[rng.of(&others).clone()].iter().copied());
            }
        }
        // a line is lost, doubled, or comes before its time
        kind => {
            let mut lines: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            let (from, to) = (rng.below(lines.len()), rng.below(lines.len()));
            match kind {
                11 => drop(lines.remove(from)),
                12 => lines.insert(to, lines[from].clone()),
                _ => lines.swap(from, to),
            }
            *bytes = lines.join(&b'\n');
        }
    }
    bytes.truncate(70_000);
}

const fn is_text(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

fn runs(bytes: &[u8], of: impl Fn(u8) -> bool) -> Vec<std::ops::Range<usize>> {
    let (mut all, mut from) = (Vec::new(), None);
    for (at, b) in bytes.iter().copied().chain([b' ']).enumerate() {
        match (of(b), from) {
            (true, None) => from = Some(at),
            (false, Some(begun)) => {
                all.push(begun..at);
                from = None;
            }
            _ => {}
        }
    }
    all
}
