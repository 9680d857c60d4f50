//! A mail server of the parent's: it outlives the child, and may kill it when it has a mail and has
//! not said so yet.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A running server; it ends when this is dropped.
pub(super) struct MailServer {
    pub(super) address: SocketAddr,
    mails: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl MailServer {
    /// `taken` is called for each mail before it is acknowledged; it is not if that is false.
    pub(super) fn start(taken: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (mails, ends) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (kept, over, taken) = (mails.clone(), ends.clone(), Arc::new(taken));
        let accepting = thread::spawn(move || {
            let mut talking = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (kept, taken) = (kept.clone(), taken.clone());
                // How a connection ends is for the client to tell.
                talking.push(thread::spawn(move || drop(talk(stream, &kept, &*taken))));
            }
            for conversation in talking {
                conversation.join().unwrap();
            }
        });
        Self { address, mails, ends, accepting: Some(accepting) }
    }

    /// Ends it, once whoever spoke with it is gone; every mail that came to its end.
    pub(super) fn end(mut self) -> Vec<String> {
        self.stop();
        std::mem::take(&mut self.mails.lock().unwrap())
    }

    fn stop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // What wakes it is one more connection.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().unwrap();
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if self.accepting.is_some() {
            self.stop();
        }
    }
}

fn talk(
    stream: TcpStream,
    mails: &Mutex<Vec<String>>,
    taken: &dyn Fn() -> bool,
) -> std::io::Result<()> {
    let mut answers = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    answers.write_all(b"220 parent\r\n")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = match line.trim_end().split(' ').next().unwrap_or_default() {
            "EHLO" => "250-parent\r\n250 8BITMIME\r\n",
            "DATA" => {
                answers.write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    if lines.read_line(&mut mail)? == 0 {
                        return Ok(());
                    }
                }
                mails.lock().unwrap().push(mail);
                if !taken() {
                    return Ok(());
                }
                "250 taken\r\n"
            }
            "QUIT" => "221 goodbye\r\n",
            _ => "250 fine\r\n",
        };
        answers.write_all(answer.as_bytes())?;
    }
}
