//! Hashes by which other systems recognise a group, and codes that prove a secret.

use md5::Md5;
use sha2::{Digest, Sha256};

/// The block of MD5 and SHA-256, in bytes.
const BLOCK: usize = 64;

/// The SHA-256 of a text, in hexadecimal digits.
pub(crate) fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The code of a message by HMAC with SHA-256: RFC 2104.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::<Sha256>(key, message)
}

/// The code of a message by HMAC with MD5, in hexadecimal digits, for CRAM-MD5: RFC 2195.
pub(crate) fn hmac_md5(key: &[u8], message: &[u8]) -> String {
    hex::encode(hmac::<Md5>(key, message))
}

fn hmac<D: Digest>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let hashed;
    let key = if key.len() > BLOCK {
        hashed = D::digest(key);
        &hashed[..]
    } else {
        key
    };
    let padded = |byte: u8| {
        let padding = std::iter::repeat_n(0, BLOCK - key.len());
        key.iter().copied().chain(padding).map(move |key| key ^ byte).collect::<Vec<u8>>()
    };
    let inner = D::new().chain_update(padded(0x36)).chain_update(message).finalize();
    D::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_specifications() {
        // RFC 4231, cases 2 and 6.
        let code = hex::encode(hmac_sha256(b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(code, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let code = hex::encode(hmac_sha256(&[0xaa; 131], message));
        assert_eq!(code, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        // RFC 2195.
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        assert_eq!(hmac_md5(b"tanstaaftanstaaf", challenge), "b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn a_group_has_the_hash_of_alertmanager() {
        let hash = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
        assert_eq!(sha256("1"), hash);
    }
}
