//! Which partition a SKU belongs to: CRC16/XMODEM, the checksum that Redis Cluster uses, so that any Redis client
//! library can route a placement.

const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte: u16 = 0;
    while byte < 256 {
        let mut crc = byte << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
}

/// CRC16/XMODEM of `bytes` (polynomial 0x1021, start 0).
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        let [high, _] = crc.to_be_bytes();
        (crc << 8) ^ TABLE[usize::from(high ^ byte)]
    })
}

/// The partition, from 0, of a SKU id among `partitions` (at least one).
pub fn partition_of(sku: &str, partitions: u32) -> u32 {
    if partitions <= 1 { 0 } else { u32::from(crc16(sku.as_bytes())) % partitions }
}

#[cfg(test)]
mod tests {
    use super::{crc16, partition_of};

    #[test]
    fn agrees_with_redis_cluster() {
        assert_eq!(crc16(b""), 0);
        assert_eq!(crc16(b"123456789"), 0x31C3);
        // a key's slot is the checksum's lowest 14 bits: CLUSTER KEYSLOT foo, bar
        assert_eq!(crc16(b"foo") % 16_384, 12_182);
        assert_eq!(crc16(b"bar") % 16_384, 5_061);
        assert_eq!(partition_of("AC-100", 1), 0);
        assert_eq!(partition_of("123456789", 8), 0x31C3 % 8);
        assert_eq!(partition_of("AC-100", 0), 0);
    }
}
