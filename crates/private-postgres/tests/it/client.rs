//! Just enough of a PostgreSQL client for one statement on a unix socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Executes `sql` in database `boxoffice` and gives the last row's first column.
pub fn query(data_dir: &Path, sql: &str) -> String {
    let mut stream = UnixStream::connect(data_dir.join("socket/.s.PGSQL.5432")).unwrap();
    let startup = b"\0\x03\0\0user\0postgres\0database\0boxoffice\0\0";
    send(&mut stream, None, startup);
    read_to_ready(&mut stream);
    send(&mut stream, Some(b'Q'), format!("{sql}\0").as_bytes());
    read_to_ready(&mut stream)
}

fn send(stream: &mut UnixStream, kind: Option<u8>, body: &[u8]) {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    let message: Vec<u8> = kind
        .into_iter()
        .chain(length)
        .chain(body.iter().copied())
        .collect();
    stream.write_all(&message).unwrap();
}

fn read_to_ready(stream: &mut UnixStream) -> String {
    let mut value = String::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body).unwrap();
        match head[0] {
            b'E' => panic!("{}", String::from_utf8_lossy(&body)),
            // A count of columns, then the first one's length and bytes.
            b'D' => value = String::from_utf8(column(&body[2..])).unwrap(),
            b'Z' => return value,
            _ => {}
        }
    }
}

fn column(body: &[u8]) -> Vec<u8> {
    let length = u32::from_be_bytes(body[..4].try_into().unwrap()) as usize;
    body[4..4 + length].to_vec()
}
