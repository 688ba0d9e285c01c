//! What an answer says besides its status and body.

use super::Connection;

impl Connection {
    /// A header of the last answer, by its name in any case; `None` when there is none or it is no
    /// text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(&self.buffer[..self.body.start]).ok()?;
        let header = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    }
}
