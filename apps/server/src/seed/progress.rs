//! One line that says how far it is, for those who watch.

use std::io::{IsTerminal, stderr};

/// A line on a terminal, or nothing.
pub struct Progress {
    visible: bool,
}

impl Progress {
    /// Visible if stderr is a terminal.
    pub fn on_terminal() -> Self {
        Self {
            visible: stderr().is_terminal(),
        }
    }

    /// Visible to nobody.
    #[cfg(test)]
    pub fn hidden() -> Self {
        Self { visible: false }
    }

    /// `done` of `all` are behind us, and this is next.
    pub fn show(&mut self, done: usize, all: usize, next: &str) {
        if self.visible {
            // Back to the start of the line, and clear it.
            eprint!("\r\x1b[Kadding concerts {:>2}/{all}  {next}", done + 1);
        }
    }

    /// Clears the line.
    pub fn end(&mut self) {
        if self.visible {
            eprint!("\r\x1b[K");
        }
    }
}
