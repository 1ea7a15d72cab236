//! Frames of a WebSocket (RFC 6455, section 5), as far as a server needs them: without extensions.

/// Largest message of a client; the longest subscription takes a few ten thousand bytes.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Largest payload of a control frame.
const CONTROL_BYTES_MAX: usize = 125;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary,
    /// It wants its bytes back.
    Ping(Vec<u8>),
    /// It gives bytes back, or just shows that it is there.
    Pong,
    /// It goes away.
    Close,
}

/// Why a connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// All is said.
    Normal,
    /// The server stops.
    GoingAway,
    /// A frame is not of the protocol.
    Protocol,
    /// Text that is no UTF-8.
    NotText,
    /// The login is over, or the client does not read.
    Policy,
    /// A message is too large.
    TooLarge,
}

impl CloseCode {
    const fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::Policy => 1008,
            Self::TooLarge => 1009,
        }
    }
}

/// Kinds of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn parse(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Turns the bytes of a client into messages.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// The beginning of a message that comes in parts.
    parts: Option<(Opcode, Vec<u8>)>,
}

/// One frame, unmasked.
struct Frame {
    is_last: bool,
    opcode: Opcode,
    payload: Vec<u8>,
}

impl Decoder {
    /// Adds bytes as they came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message; `None` if more bytes are needed.
    ///
    /// # Errors
    /// What the connection is to be closed with.
    pub fn next(&mut self) -> Result<Option<Message>, CloseCode> {
        while let Some(frame) = self.take_frame()? {
            if let Some(message) = self.join(frame)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn take_frame(&mut self) -> Result<Option<Frame>, CloseCode> {
        let [first, second, rest @ ..] = self.buffer.as_slice() else {
            return Ok(None);
        };
        let opcode = Opcode::parse(first & 0x0f).ok_or(CloseCode::Protocol)?;
        let (is_last, is_masked, short) = (first & 0x80 != 0, second & 0x80 != 0, second & 0x7f);
        if first & 0x70 != 0 || !is_masked {
            return Err(CloseCode::Protocol);
        }
        if opcode.is_control() && (!is_last || usize::from(short) > CONTROL_BYTES_MAX) {
            return Err(CloseCode::Protocol);
        }
        let (length, rest) = match (short, rest) {
            (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest)
            }
            (126 | 127, _) => return Ok(None),
            (short, rest) => (u64::from(short), rest),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let so_far = self.parts.as_ref().map_or(0, |(_, bytes)| bytes.len());
        if length > MESSAGE_BYTES_MAX.saturating_sub(so_far) {
            return Err(CloseCode::TooLarge);
        }
        let Some((mask, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let Some(masked) = rest.get(..length) else {
            return Ok(None);
        };
        let payload = masked.iter().zip(mask.iter().cycle());
        let payload: Vec<u8> = payload.map(|(byte, mask)| byte ^ mask).collect();
        let left = rest.len() - length;
        self.buffer.drain(..self.buffer.len() - left);
        Ok(Some(Frame {
            is_last,
            opcode,
            payload,
        }))
    }

    /// Puts a frame behind the parts that came before; the message if it is whole.
    fn join(&mut self, frame: Frame) -> Result<Option<Message>, CloseCode> {
        let Frame {
            is_last,
            opcode,
            payload,
        } = frame;
        let (opcode, whole) = match (opcode, self.parts.take()) {
            (Opcode::Ping | Opcode::Pong | Opcode::Close, parts) => {
                self.parts = parts;
                (opcode, payload)
            }
            (Opcode::Continuation, Some((begun, mut bytes))) => {
                bytes.extend_from_slice(&payload);
                (begun, bytes)
            }
            (Opcode::Text | Opcode::Binary, None) => (opcode, payload),
            (Opcode::Continuation, None) | (_, Some(_)) => return Err(CloseCode::Protocol),
        };
        if !is_last {
            self.parts = Some((opcode, whole));
            return Ok(None);
        }
        Ok(Some(match opcode {
            Opcode::Text => Message::Text(String::from_utf8(whole).map_err(|_| CloseCode::NotText)?),
            Opcode::Binary | Opcode::Continuation => Message::Binary,
            Opcode::Ping => Message::Ping(whole),
            Opcode::Pong => Message::Pong,
            Opcode::Close => Message::Close,
        }))
    }
}

/// Adds a frame with text.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    push(out, Opcode::Text, text.as_bytes());
}

/// Adds a frame with bytes.
pub fn push_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    push(out, Opcode::Binary, bytes);
}

/// Adds the answer to a ping.
pub fn push_pong(out: &mut Vec<u8>, bytes: &[u8]) {
    push(out, Opcode::Pong, bytes);
}

/// Adds the last frame.
pub fn push_close(out: &mut Vec<u8>, code: CloseCode) {
    push(out, Opcode::Close, &code.number().to_be_bytes());
}

fn push(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.push(0x80 | opcode.bits());
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..126), _) => out.push(short),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as clients send it, masked.
    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        push(&mut plain, Opcode::Text, payload);
        plain[0] = first;
        plain[1] |= 0x80;
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let head = plain.len() - payload.len();
        let body = plain.split_off(head);
        plain.extend_from_slice(&mask);
        plain.extend(body.iter().enumerate().map(|(i, byte)| byte ^ mask[i % 4]));
        plain
    }

    fn decode(bytes: &[u8]) -> (Vec<Message>, Option<CloseCode>) {
        let mut decoder = Decoder::default();
        decoder.feed(bytes);
        let mut all = Vec::new();
        loop {
            match decoder.next() {
                Ok(Some(message)) => all.push(message),
                Ok(None) => return (all, None),
                Err(code) => return (all, Some(code)),
            }
        }
    }

    fn text(text: &str) -> Message {
        Message::Text(text.to_owned())
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(decode(&hello), (vec![text("Hello")], None));
        let mut out = Vec::new();
        push_text(&mut out, "Hello");
        assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    }

    #[test]
    fn messages_of_all_lengths_come_through_whatever_the_pieces() {
        for length in [0, 1, 125, 126, 65_535, 65_536, MESSAGE_BYTES_MAX] {
            let sent = "a".repeat(length);
            let mut bytes = masked(0x81, sent.as_bytes());
            bytes.extend(masked(0x89, b"ping"));
            let mut decoder = Decoder::default();
            let mut all = Vec::new();
            for piece in bytes.chunks(1 + length / 7) {
                decoder.feed(piece);
                while let Some(message) = decoder.next().unwrap() {
                    all.push(message);
                }
            }
            assert_eq!(all, [text(&sent), Message::Ping(b"ping".to_vec())], "{length}");
        }
    }

    #[test]
    fn parts_are_joined_with_control_frames_between() {
        let mut bytes = masked(0x01, b"Hel");
        bytes.extend(masked(0x89, b""));
        bytes.extend(masked(0x00, b"l"));
        bytes.extend(masked(0x80, b"o"));
        bytes.extend(masked(0x82, b"\x00\xff"));
        let expected = vec![Message::Ping(Vec::new()), text("Hello"), Message::Binary];
        assert_eq!(decode(&bytes), (expected, None));
    }

    #[test]
    fn what_is_not_of_the_protocol_ends_the_connection() {
        let unmasked = [0x81, 0x01, b'a'].to_vec();
        for (name, bytes, code) in [
            ("no mask", unmasked, CloseCode::Protocol),
            ("reserved bit", masked(0xc1, b"a"), CloseCode::Protocol),
            ("unknown opcode", masked(0x83, b"a"), CloseCode::Protocol),
            ("control in parts", masked(0x09, b"a"), CloseCode::Protocol),
            ("long control", masked(0x89, &[0; 126]), CloseCode::Protocol),
            ("nothing to continue", masked(0x80, b"a"), CloseCode::Protocol),
            (
                "two beginnings",
                [masked(0x01, b"a"), masked(0x81, b"b")].concat(),
                CloseCode::Protocol,
            ),
            ("no text", masked(0x81, b"\xff"), CloseCode::NotText),
            (
                "too large",
                masked(0x81, &vec![b'a'; MESSAGE_BYTES_MAX + 1]),
                CloseCode::TooLarge,
            ),
            (
                "too large in parts",
                [masked(0x01, &vec![b'a'; MESSAGE_BYTES_MAX]), masked(0x80, b"b")].concat(),
                CloseCode::TooLarge,
            ),
        ] {
            assert_eq!(decode(&bytes), (Vec::new(), Some(code)), "{name}");
        }
        // A length that no memory holds is refused by its head.
        let huge = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(decode(&huge), (Vec::new(), Some(CloseCode::TooLarge)));
    }
}
