//! What a client says to PostgreSQL, as far as it takes to know a `COMMIT`.

use std::collections::HashSet;

/// Follows one connection's messages from its client.
#[derive(Default)]
pub(super) struct Frontend {
    /// What has come of a message that is not complete.
    partial: Vec<u8>,
    /// The first message has no type.
    started: bool,
    /// Prepared statements that are a `COMMIT`, and portals bound to one.
    statements: HashSet<Vec<u8>>,
    portals: HashSet<Vec<u8>>,
}

impl Frontend {
    /// Whether a `COMMIT` is executed by what is complete with `data`.
    pub(super) fn commits(&mut self, data: &[u8]) -> bool {
        self.partial.extend_from_slice(data);
        let mut commits = false;
        while let Some(message) = self.next() {
            commits |= match message.split_first() {
                Some((kind, body)) if self.started => self.executes_commit(*kind, body),
                _ => false,
            };
            self.started = true;
        }
        commits
    }

    /// The next complete message: its type, if it has one, and its body.
    fn next(&mut self) -> Option<Vec<u8>> {
        let kind = usize::from(self.started);
        let length = self.partial.get(kind..kind + 4)?.try_into().ok()?;
        let end = kind + u32::from_be_bytes(length) as usize;
        if self.partial.len() < end {
            return None;
        }
        let mut message: Vec<u8> = self.partial.drain(..end).collect();
        message.drain(kind..kind + 4);
        Some(message)
    }

    fn executes_commit(&mut self, kind: u8, body: &[u8]) -> bool {
        let mut words = body.split(|byte| *byte == 0);
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        match kind {
            b'Q' => is_commit(first),
            b'P' => note(&mut self.statements, first, is_commit(second)),
            b'B' => {
                let bound = self.statements.contains(second);
                note(&mut self.portals, first, bound)
            }
            b'E' => self.portals.contains(first),
            _ => false,
        }
    }
}

/// Remembers whether `name` stands for a `COMMIT` from now on, which executes nothing.
fn note(names: &mut HashSet<Vec<u8>>, name: &[u8], commits: bool) -> bool {
    if commits {
        names.insert(name.to_vec());
    } else {
        names.remove(name);
    }
    false
}

fn is_commit(query: &[u8]) -> bool {
    query.trim_ascii().eq_ignore_ascii_case(b"COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [kind, &length, body].concat()
    }

    #[test]
    fn a_commit_is_known_when_it_is_executed_prepared_or_not_and_in_any_pieces() {
        let mut client = Frontend::default();
        assert!(!client.commits(&message(b"", b"\0\x03\0\0user\0Q\0\0")));
        assert!(!client.commits(&message(b"Q", b"BEGIN\0")));
        assert!(client.commits(&message(b"Q", b"commit\0")));
        assert!(!client.commits(&message(b"P", b"s1\0COMMIT\0\0\0")));
        assert!(!client.commits(&message(b"P", b"s2\0UPDATE x\0\0\0")));
        let other = [message(b"B", b"\0s2\0\0\0"), message(b"E", b"\0\0\0\0\0")].concat();
        assert!(!client.commits(&other));
        let commit = [message(b"B", b"\0s1\0\0\0"), message(b"E", b"\0\0\0\0\0")].concat();
        let (last, first) = commit.split_last().unwrap();
        for byte in first {
            assert!(!client.commits(&[*byte]));
        }
        assert!(client.commits(&[*last]));
        assert!(!client.commits(&other));
    }
}
