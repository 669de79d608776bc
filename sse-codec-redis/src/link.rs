//! Connections to Redis: the one for commands, which all share, and others like it. None is used before
//! it is known that this Redis will do, and none after it has failed: a demotion closes no connection.

use std::time::{Duration, Instant};

use redis::{
    AsyncConnectionConfig, Client, Cmd, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

use crate::{error::Error, scripts::Scripts};

/// A connection that will do.
#[derive(Clone, Debug)]
pub(crate) struct Conn {
    connection: MultiplexedConnection,
    /// Which life of Redis' data this is.
    pub(crate) history: Box<str>,
    number: u64,
}

#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    timeout: Duration,
    scripts: Scripts,
    commands: Mutex<Commands>,
    /// The number of the latest connection for commands that is of no more use.
    given_up: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Commands {
    conn: Option<Conn>,
    last: u64,
    /// The last try that failed, for those who have waited for it.
    failed: Option<(Instant, Error)>,
}

impl Link {
    pub(crate) fn new(client: Client, timeout: Duration) -> Self {
        Self {
            client,
            timeout,
            scripts: Scripts::new(),
            commands: Mutex::default(),
            given_up: watch::Sender::new(0),
        }
    }

    pub(crate) const fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    /// The connection for commands; made, if there is none.
    pub(crate) async fn commands(&self) -> Result<Conn, Error> {
        let came = Instant::now();
        let mut commands = self.commands.lock().await;
        if let Some(conn) = &commands.conn
            && conn.number > *self.given_up.borrow()
        {
            return Ok(conn.clone());
        }
        commands.conn = None;
        if let Some((at, error)) = &commands.failed
            && *at >= came
        {
            return Err(error.clone());
        }
        match self.connect(Duration::ZERO).await {
            Ok(mut conn) => {
                commands.last += 1;
                conn.number = commands.last;
                commands.conn = Some(conn.clone());
                Ok(conn)
            }
            Err(error) => {
                commands.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// The connection is used no more, if the error says so. The next to ask gets another one.
    pub(crate) fn failed(&self, conn: &Conn, error: &Error) {
        if error.ends_connection() {
            self.give_up(conn);
        }
    }

    pub(crate) fn give_up(&self, conn: &Conn) {
        self.given_up.send_if_modified(|number| {
            let is_new = *number < conn.number;
            *number = conn.number.max(*number);
            is_new
        });
    }

    /// Waits until the connection for commands is of no more use.
    pub(crate) async fn until_given_up(&self, conn: &Conn) {
        let mut given_up = self.given_up.subscribe();
        // The sender is here.
        let _ = given_up.wait_for(|number| *number >= conn.number).await;
    }

    /// Another connection, whose commands may block for so long.
    pub(crate) async fn connect(&self, blocks: Duration) -> Result<Conn, Error> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout + blocks));
        let connecting = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        // Its own limit is for the socket, not for what is said on it first.
        let connecting = timeout(self.timeout * 2, connecting).await;
        let connection = connecting
            .unwrap_or_else(|_| Err(Error::timed_out(self.timeout * 2)))
            .map_err(Error::of_question)?;
        let mut conn = Conn {
            connection,
            history: Box::default(),
            number: 0,
        };
        let (info, memory) = (conn.info("replication").await?, conn.info("memory").await?);
        let server = conn.info("server").await?;
        will_do(&server, &memory)?;
        conn.history = history(&info)?.into();
        self.scripts.load(&mut conn).await?;
        Ok(conn)
    }
}

impl Conn {
    /// Asks one thing, which changes nothing.
    pub(crate) async fn ask(&mut self, command: &Cmd) -> Result<Value, Error> {
        let answer = self.connection.req_packed_command(command).await;
        answer
            .and_then(Value::extract_error)
            .map_err(Error::of_question)
    }

    /// Asks many things at once. Each answer may be an error.
    pub(crate) async fn ask_all(
        &mut self,
        commands: impl IntoIterator<Item = Cmd>,
    ) -> Result<Vec<Value>, Error> {
        let mut pipe = redis::pipe();
        for command in commands {
            pipe.add_command(command);
        }
        if pipe.is_empty() {
            return Ok(Vec::new());
        }
        let count = pipe.len();
        let answers = self.connection.req_packed_commands(&pipe, 0, count).await;
        answers.map_err(Error::of_question)
    }

    /// The connection itself, for a command that changes something.
    pub(crate) const fn raw(&mut self) -> &mut MultiplexedConnection {
        &mut self.connection
    }

    pub(crate) async fn info(&mut self, section: &str) -> Result<String, Error> {
        let info = self.ask(redis::cmd("INFO").arg(section)).await?;
        text(info)
    }
}

/// The text of an answer.
pub(crate) fn text(value: Value) -> Result<String, Error> {
    redis::from_redis_value(value).map_err(|error| Error::Redis(error.into()))
}

/// A value of what `INFO` says.
fn value<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// The history of a master's data.
pub(crate) fn history(info: &str) -> Result<&str, Error> {
    if value(info, "role") != Some("master") {
        return Err(Error::NotMaster);
    }
    value(info, "master_replid").ok_or_else(|| Error::answer("INFO without master_replid"))
}

/// Whether a log can be kept here.
fn will_do(server: &str, memory: &str) -> Result<(), Error> {
    let version = value(server, "redis_version").unwrap_or_default();
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < 7) {
        let version = version.to_owned();
        return Err(Error::TooOld { version });
    }
    match value(memory, "maxmemory_policy") {
        Some("noeviction") => Ok(()),
        policy => Err(Error::Evicts {
            policy: policy.unwrap_or("not known").to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_master_of_version_7_that_evicts_nothing_will_do() {
        let noeviction = "maxmemory:0\r\nmaxmemory_policy:noeviction\r\n";
        assert!(will_do("redis_version:7.0.15\r\n", noeviction).is_ok());
        assert!(will_do("redis_version:10.1\r\n", noeviction).is_ok());
        for version in ["6.2.14", "", "x"] {
            let server = format!("redis_version:{version}\r\n");
            assert!(matches!(
                will_do(&server, noeviction),
                Err(Error::TooOld { .. })
            ));
        }
        let lru = "maxmemory_policy:allkeys-lru\r\n";
        let refused = will_do("redis_version:7.0.15\r\n", lru);
        assert!(matches!(refused, Err(Error::Evicts { policy }) if policy == "allkeys-lru"));
        let info = "role:slave\r\nmaster_replid:abc\r\n";
        assert!(matches!(history(info), Err(Error::NotMaster)));
        assert_eq!(
            history("role:master\r\nmaster_replid:abc\r\n").unwrap(),
            "abc"
        );
    }
}
