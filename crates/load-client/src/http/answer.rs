//! What an answer says besides its status and body.

use super::Connection;

impl Connection {
    /// A header of the last answer, by its name in any case; `None` when there is none or it is no
    /// text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(&self.buffer[..self.body.start]).ok()?;
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut named = headers.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.trim())
    }
}
