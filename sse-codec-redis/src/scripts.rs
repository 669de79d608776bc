//! The two scripts, by which alone anything is written.

use std::time::Duration;

use redis::{Cmd, Script, Value};
use sse_codec::replay::Id;

use crate::{
    chance::six_digits,
    entry::{array, id_of},
    error::Error,
    keys::{BELL_ENTRIES, Keys},
    link::{Conn, text},
};

#[derive(Debug)]
pub(crate) struct Scripts {
    append: Script,
    ensure: Script,
}

/// What becomes of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ensure {
    /// It is told, if there is a log.
    Look,
    /// A log is made where there is none.
    Make,
    /// This one is ended, if it is still the present one.
    End(u64),
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            append: Script::new(include_str!("append.lua")),
            ensure: Script::new(include_str!("ensure.lua")),
        }
    }

    pub(crate) async fn load(&self, conn: &mut Conn) -> Result<(), Error> {
        for script in [&self.append, &self.ensure] {
            let loaded = script.load_async(conn.raw()).await;
            loaded.map_err(Error::of_question)?;
        }
        Ok(())
    }

    /// Appends an event; its ID, and the history that it is in.
    pub(crate) async fn append(
        &self,
        conn: &mut Conn,
        keys: &Keys,
        topic: &str,
        events: u64,
        frame: &[u8],
        token: Option<(&str, Duration)>,
    ) -> Result<(Id, String), Error> {
        let (token, life) = token.unwrap_or((&keys.bell, Duration::ZERO));
        let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let mut call = self.append.key(keys.stream(topic));
        call.key(keys.epoch(topic)).key(&keys.bell).key(token);
        call.arg(events).arg(six_digits()).arg(frame);
        call.arg(life).arg(BELL_ENTRIES);
        let answer: Value = call
            .invoke_async(conn.raw())
            .await
            .map_err(Error::of_command)?;
        match &mut *array(answer)? {
            [id, _, history] => Ok((id_of(id)?, text(std::mem::take(history))?)),
            _ => Err(Error::answer("three values were expected")),
        }
    }

    /// Asks where a log is.
    pub(crate) fn ensure(&self, keys: &Keys, topic: &str, what: Ensure) -> Cmd {
        let (end, make) = match what {
            Ensure::Look => (String::new(), 0),
            Ensure::Make => (String::new(), 1),
            Ensure::End(epoch) => (epoch.to_string(), 1),
        };
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.ensure.get_hash()).arg(3);
        command
            .arg(keys.stream(topic))
            .arg(keys.epoch(topic))
            .arg(&keys.bell);
        command
            .arg(six_digits())
            .arg(end)
            .arg(make)
            .arg(BELL_ENTRIES);
        command
    }

    /// What the answer to that is: the epoch's last ID, with the number 0 when there has been no event;
    /// `None` where there is no log.
    pub(crate) fn ensured(answer: Value) -> Result<Option<Id>, Error> {
        let answer = array(answer)?;
        match &*answer {
            [Value::BulkString(epoch), _, _] if epoch.is_empty() => Ok(None),
            [_, last, _] => id_of(last).map(Some),
            _ => Err(Error::answer("three values were expected")),
        }
    }
}
