//! One SMTP connection (RFC 5321), as far as a server has to speak it that takes everything.

use std::io;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream,
};

use super::MAIL_BYTES_MAX;

/// The longest line, its end included (RFC 5321 §4.5.3.1.6 asks for 1,000).
const LINE_BYTES_MAX: u64 = 2_000;

/// Most recipients of a mail (RFC 5321 §4.5.3.1.8).
const RECIPIENTS_MAX: usize = 100;

/// Most commands of a connection.
const COMMANDS_MAX: usize = 1_000;

/// How far a mail is.
enum State {
    /// Nobody has said whom it is from.
    Nothing,
    /// The sender is known, and so many recipients.
    From { recipients: usize },
}

/// Talks until the client leaves, says QUIT, or breaks a limit. `keep` gets every mail; only after
/// it is done is the mail acknowledged.
pub(super) async fn hold<Stream, Kept>(
    stream: Stream,
    keep: impl Fn(Vec<u8>) -> Kept,
) -> io::Result<()>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
    Kept: Future<Output = io::Result<()>>,
{
    let mut stream = BufStream::new(stream);
    say(&mut stream, "220 mailbox of the demonstration").await?;
    let mut state = State::Nothing;
    for _ in 0..COMMANDS_MAX {
        let Some(line) = line(&mut stream).await? else { return Ok(()) };
        let line = String::from_utf8_lossy(&line).trim_end().to_ascii_uppercase();
        let answer = match (line.split([' ', ':']).next().unwrap_or_default(), &mut state) {
            ("EHLO" | "HELO", _) => {
                state = State::Nothing;
                "250 mailbox of the demonstration"
            }
            ("MAIL", State::Nothing) => {
                state = State::From { recipients: 0 };
                "250 sender taken"
            }
            ("RCPT", State::From { recipients }) if *recipients < RECIPIENTS_MAX => {
                *recipients += 1;
                "250 recipient taken"
            }
            ("RCPT", State::From { .. }) => "452 too many recipients",
            ("DATA", State::From { recipients: 1.. }) => {
                say(&mut stream, "354 go on, and end with a dot").await?;
                state = State::Nothing;
                match body(&mut stream).await? {
                    Some(mail) => match keep(mail).await {
                        Ok(()) => "250 mail taken",
                        Err(_) => "451 mail not kept",
                    },
                    None => "552 mail too large",
                }
            }
            ("RSET", _) => {
                state = State::Nothing;
                "250 forgotten"
            }
            ("NOOP", _) => "250 still here",
            ("QUIT", _) => return say(&mut stream, "221 goodbye").await,
            ("MAIL" | "RCPT" | "DATA", _) => "503 not now",
            _ => "502 not known here",
        };
        say(&mut stream, answer).await?;
    }
    say(&mut stream, "421 enough").await
}

async fn say<Stream>(stream: &mut BufStream<Stream>, answer: &str) -> io::Result<()>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    stream.flush().await
}

/// A line with its end; none when the client has left.
async fn line<Stream>(stream: &mut BufStream<Stream>) -> io::Result<Option<Vec<u8>>>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = Vec::new();
    stream.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a line without an end")),
    }
}

/// Everything up to the line with the dot, leading dots taken off (RFC 5321 §4.5.2); none if it is
/// too large, which is read to its end all the same.
async fn body<Stream>(stream: &mut BufStream<Stream>) -> io::Result<Option<Vec<u8>>>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
{
    let mut mail = Vec::new();
    let mut fits = true;
    loop {
        let Some(line) = line(stream).await? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if line == b".\r\n" || line == b".\n" {
            return Ok(fits.then_some(mail));
        }
        let line = line.strip_prefix(b".").unwrap_or(&line);
        fits &= mail.len() + line.len() <= MAIL_BYTES_MAX;
        if fits {
            mail.extend_from_slice(line);
        }
    }
}
