//! The file that keeps the place in the stream.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// The place in a stream, kept in a file.
pub(super) struct StateFile {
    path: PathBuf,
    url: String,
    kept: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct State {
    /// An ID of one server is not told to another.
    url: String,
    last_event_id: String,
}

impl StateFile {
    /// Reads the file; one that is not there yet is no error.
    pub(super) fn open(path: &Path, url: String) -> Result<Self, String> {
        let error = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut file = Self {
            path: path.to_owned(),
            url,
            kept: None,
        };
        match fs::canonicalize(path) {
            // What a link leads to is written, not the link.
            Ok(target) => file.path = target,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(file),
            Err(e) => return Err(error(&e)),
        }
        if !fs::metadata(&file.path).map_err(|e| error(&e))?.is_file() {
            return Err(error(&"not a file, which the state has to be"));
        }
        let text = fs::read(&file.path).map_err(|e| error(&e))?;
        if text.is_empty() {
            return Ok(file);
        }
        let state: State = serde_json::from_slice(&text)
            .map_err(|e| error(&format_args!("not a state that was kept: {e}")))?;
        if state.url != file.url {
            return Err(error(&format_args!(
                "the state of another stream, {}",
                state.url
            )));
        }
        file.kept = Some(state.last_event_id.into_bytes());
        Ok(file)
    }

    pub(super) fn kept(&self) -> Option<&[u8]> {
        self.kept.as_deref()
    }

    /// Keeps the ID: when this fails, what was kept before still is.
    pub(super) fn keep(&mut self, id: &[u8]) -> io::Result<()> {
        if self.kept.as_deref() == Some(id) {
            return Ok(());
        }
        let not_utf8 = |_| io::Error::other("the ID is not UTF-8");
        let state = State {
            url: self.url.clone(),
            last_event_id: str::from_utf8(id).map_err(not_utf8)?.to_owned(),
        };
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Readable for its owner alone: an ID may be a secret.
        let mut file = NamedTempFile::new_in(directory)?;
        serde_json::to_writer(&mut file, &state)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        // The new name lasts when its directory has been written. Not every system can do that.
        if let Ok(directory) = File::open(directory) {
            let _ = directory.sync_all();
        }
        self.kept = Some(id.to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_kept_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let open = |url: &str| StateFile::open(&path, url.into());
        let mut file = open("http://a/").unwrap();
        assert_eq!(file.kept(), None);
        file.keep("é\"\\1".as_bytes()).unwrap();
        assert_eq!(open("http://a/").unwrap().kept(), Some("é\"\\1".as_bytes()));
        // An empty one has cleared the one before.
        file.keep(b"").unwrap();
        assert_eq!(open("http://a/").unwrap().kept(), Some(&b""[..]));
        file.keep(b"2").unwrap();
        assert!(file.keep(b"\xFF").is_err());
        assert_eq!(open("http://a/").unwrap().kept(), Some(&b"2"[..]));
        assert!(open("http://b/").is_err_and(|error| error.contains("another stream")));
        fs::write(&path, "{\"url\":").unwrap();
        assert!(open("http://a/").is_err_and(|error| error.contains("not a state")));
        assert!(StateFile::open(directory.path(), String::new()).is_err());
        // Nothing else is left lying about.
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_state_is_its_owners_alone() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (
            directory.path().join("state"),
            directory.path().join("link"),
        );
        fs::write(&path, "").unwrap();
        symlink(&path, &link).unwrap();
        StateFile::open(&link, String::new())
            .unwrap()
            .keep(b"1")
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(StateFile::open(Path::new("/dev/full"), String::new()).is_err());
    }
}
