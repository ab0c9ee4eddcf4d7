//! Encodes event streams: messages with headers, a payload and checksums.
//!
//! Source: Smithy, "Amazon Event Stream Specification": a prelude (the length of the message, the length
//! of the headers, and the CRC32 of both), the headers, the payload, and the CRC32 of all before it.
//! Numbers are big-endian.

use flate2::Crc;

/// The type of a header whose value is a string.
const STRING: u8 = 7;

/// The bytes of a message besides its headers and its payload.
const FRAME_BYTES: usize = 16;

/// An event of a stream.
pub(crate) struct EventMessage {
    /// The name of the event in the service model.
    pub(crate) event_type: &'static str,
    /// A JSON document.
    pub(crate) payload: Vec<u8>,
}

/// Encodes a stream of events. In the JSON protocols, the members of the response that are not events
/// come first, also if there are none.
///
/// Source: Smithy, "AWS JSON 1.1 protocol", "Initial response messages"; botocore refuses a stream without
/// one.
pub(crate) fn encode_event_stream(messages: impl IntoIterator<Item = EventMessage>) -> Vec<u8> {
    let initial = EventMessage {
        event_type: "initial-response",
        payload: b"{}".to_vec(),
    };
    let mut stream = Vec::new();
    for message in [initial].into_iter().chain(messages) {
        stream.extend(encode_message(&message));
    }
    stream
}

fn encode_message(message: &EventMessage) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [
        (":message-type", "event"),
        (":event-type", message.event_type),
        (":content-type", "application/json"),
    ] {
        encode_header(&mut headers, name, value);
    }
    let length = FRAME_BYTES + headers.len() + message.payload.len();
    let mut encoded = Vec::with_capacity(length);
    encoded.extend(as_u32(length).to_be_bytes());
    encoded.extend(as_u32(headers.len()).to_be_bytes());
    let prelude = checksum(&encoded);
    encoded.extend(prelude.to_be_bytes());
    encoded.extend(headers);
    encoded.extend(&message.payload);
    let whole = checksum(&encoded);
    encoded.extend(whole.to_be_bytes());
    encoded
}

fn encode_header(headers: &mut Vec<u8>, name: &str, value: &str) {
    // Both are constants of a few bytes.
    headers.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    headers.extend(name.as_bytes());
    headers.push(STRING);
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    headers.extend(length.to_be_bytes());
    headers.extend(value.as_bytes());
}

fn as_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_has_its_lengths_and_checksums() {
        let message = EventMessage {
            event_type: "fields",
            payload: b"{}".to_vec(),
        };
        let encoded = encode_message(&message);
        let number = |at: usize| u32::from_be_bytes(encoded[at..at + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, encoded.len());
        let headers = number(4) as usize;
        assert_eq!(number(8), checksum(&encoded[..8]));
        assert_eq!(&encoded[12 + headers..14 + headers], b"{}");
        assert_eq!(number(14 + headers), checksum(&encoded[..14 + headers]));
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }
}
