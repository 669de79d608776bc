//! The bell: one short stream that names the topics which have changed. One blocking call on it serves any
//! number of topics.

use std::{future::Future, pin::Pin, time::Duration};

use redis::Value;
use sse_codec::replay::Id;

use crate::{
    entry::{array, id_of},
    error::Error,
    keys::{BELL_ENTRIES, Keys},
    link::Conn,
};

/// How long one look at it blocks.
pub(crate) const BLOCK: Duration = Duration::from_secs(1);

/// The connection again, and what was heard.
pub(crate) type Heard = Pin<Box<dyn Future<Output = Result<(Conn, Value), Error>> + Send>>;

/// What is heard of the bell.
#[derive(Debug)]
pub(crate) struct Bell {
    /// Its last entry that was heard.
    pub(crate) heard: Id,
    /// What its last entry was when it was last looked at.
    pub(crate) seen: Id,
}

impl Bell {
    /// Waits for it to ring after what was heard.
    pub(crate) fn listen(&self, mut listener: Conn, keys: &Keys) -> Heard {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(BELL_ENTRIES);
        command.arg("BLOCK").arg(BLOCK.as_millis() as u64);
        command
            .arg("STREAMS")
            .arg(&keys.bell)
            .arg(self.heard.to_string());
        Box::pin(async move {
            let rung = listener.ask(&command).await?;
            Ok((listener, rung))
        })
    }

    /// Whether this entry is still there. Then none after it is gone, for it is trimmed from its front.
    pub(crate) async fn has(conn: &mut Conn, keys: &Keys, entry: Id) -> Result<bool, Error> {
        let entry = entry.to_string();
        let mut command = redis::cmd("XRANGE");
        command.arg(&keys.bell).arg(&entry).arg(&entry);
        Ok(!array(conn.ask(&command).await?)?.is_empty())
    }

    /// The last entry that there has been; `0-0` for none.
    pub(crate) async fn last(conn: &mut Conn, keys: &Keys) -> Result<Id, Error> {
        let mut command = redis::cmd("XINFO");
        command.arg("STREAM").arg(&keys.bell);
        match conn.ask_all([command]).await?.pop() {
            Some(Value::Array(info)) => {
                let mut fields = info.chunks_exact(2);
                let last = fields.find_map(|field| match field {
                    [Value::BulkString(name), id] if name == b"last-generated-id" => Some(id),
                    _ => None,
                });
                id_of(last.unwrap_or(&Value::Nil))
            }
            // There is no bell yet.
            Some(Value::ServerError(error)) if is_missing(&error) => Ok(Id { epoch: 0, seq: 0 }),
            Some(Value::ServerError(error)) => Err(Error::of_question(error.into())),
            _ => Err(Error::answer("a stream's description was expected")),
        }
    }
}

fn is_missing(error: &redis::ServerError) -> bool {
    let details = error.details();
    details.is_some_and(|details| details.contains("no such key"))
}
