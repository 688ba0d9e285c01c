//! The clients' journal: what they were told, on disk before they go on.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use tokio::sync::oneshot;

use super::entry::Entry;

/// A file with one JSON object a line. Of two lines with the same key the later one counts.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
    lines: mpsc::Sender<Line>,
}

struct Line {
    text: String,
    on_disk: oneshot::Sender<()>,
}

impl Journal {
    /// Begins an empty journal.
    pub fn create(path: &Path) -> Self {
        let file = File::create_new(path).unwrap();
        let (lines, waiting) = mpsc::channel();
        thread::spawn(move || write(file, &waiting));
        let path = path.to_owned();
        Self { path, lines }
    }

    /// Writes an entry and returns when it is on disk.
    pub async fn record(&self, entry: &Entry) {
        let (on_disk, done) = oneshot::channel();
        let mut text = serde_json::to_string(entry).unwrap();
        text.push('\n');
        self.lines.send(Line { text, on_disk }).unwrap();
        done.await.unwrap();
    }

    /// The entries from this place of the file on, and where the next ones will begin.
    pub fn read_from(&self, place: u64) -> (Vec<Entry>, u64) {
        let mut file = File::open(&self.path).unwrap();
        file.seek(SeekFrom::Start(place)).unwrap();
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut read = place;
        for line in BufReader::new(file).lines() {
            let line = line.unwrap();
            read += line.len() as u64 + 1;
            let entry: Entry = serde_json::from_str(&line).unwrap();
            if let Some(&earlier) = places.get(&entry.key) {
                entries[earlier] = entry;
            } else {
                places.insert(entry.key.clone(), entries.len());
                entries.push(entry);
            }
        }
        (entries, read)
    }
}

/// Writes all that waits and flushes it once.
fn write(mut file: File, waiting: &mpsc::Receiver<Line>) {
    while let Ok(first) = waiting.recv() {
        let lines: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let text: String = lines.iter().map(|line| line.text.as_str()).collect();
        file.write_all(text.as_bytes()).unwrap();
        file.sync_data().unwrap();
        for line in lines {
            // Nobody waits for it when the run is given up.
            let _ = line.on_disk.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chaos::entry::{Doubt, Outcome},
        deed::Deed,
    };

    #[tokio::test]
    async fn the_later_line_of_a_request_counts_and_the_next_place_is_told() {
        let path = std::env::temp_dir().join(format!("chaos-journal-{}", std::process::id()));
        let journal = Journal::create(&path);
        let mut entry = Entry {
            key: "1".into(),
            user: "mina".into(),
            token: "t".into(),
            deed: Deed::Charge { amount: 5 },
            outcome: Outcome::Unknown(Doubt::Unanswered),
        };
        journal.record(&entry).await;
        entry.outcome = Outcome::Ok("made".into());
        journal.record(&entry).await;
        let (entries, place) = journal.read_from(0);
        assert_eq!(entries, [entry.clone()]);
        entry.key = "2".into();
        journal.record(&entry).await;
        assert_eq!(journal.read_from(place).0, [entry]);
        std::fs::remove_file(path).unwrap();
    }
}
