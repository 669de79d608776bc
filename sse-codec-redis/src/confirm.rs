//! Confirmation by replicas, on a connection of its own: `WAIT` holds up all that comes after it.

use std::{sync::Arc, time::Duration};

use redis::Value;
use tokio::sync::Mutex;

use crate::{
    batch::Batch,
    error::Error,
    link::{Conn, history, text},
    node::Node,
};

#[derive(Debug)]
pub(crate) struct Confirm {
    count: u64,
    within: Duration,
    conn: Mutex<Option<Conn>>,
    batch: Arc<Batch<Confirmed>>,
}

/// How many replicas have all that was written before, and in which history.
type Confirmed = Result<(u64, Box<str>), Error>;

impl Confirm {
    pub(crate) fn new(count: u64, within: Duration) -> Self {
        Self {
            count,
            within,
            conn: Mutex::default(),
            batch: Arc::default(),
        }
    }

    /// How many replicas have what was written in this history before now, if they are too few.
    pub(crate) async fn lacks(&self, node: &Arc<Node>, written: &str) -> Option<u64> {
        let node = Arc::clone(node);
        let question = move || {
            let node = Arc::clone(&node);
            async move {
                match &node.confirm {
                    Some(confirm) => confirm.ask(&node).await,
                    None => Ok((0, Box::default())),
                }
            }
        };
        match self.batch.ask(question).await {
            Some(Ok((replicas, _))) if replicas < self.count => Some(replicas),
            Some(Ok((_, history))) if *history == *written => None,
            // What another master's replicas have is not this event.
            Some(Ok(_) | Err(_)) | None => Some(0),
        }
    }

    async fn ask(&self, node: &Node) -> Confirmed {
        let mut kept = self.conn.lock().await;
        let mut conn = match kept.take() {
            Some(conn) => conn,
            None => node.link.connect(self.within).await?,
        };
        // `WAIT` is for what had been written by the command before it on this connection, whoever
        // has written it: not quite what Redis' documentation says, so a test looks at it.
        let mut wait = redis::cmd("WAIT");
        let within = u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX);
        wait.arg(self.count).arg(within.max(1));
        let mut info = redis::cmd("INFO");
        info.arg("replication");
        let answers = conn.ask_all([info, wait]).await?;
        let Ok([info, replicas]) = <[Value; 2]>::try_from(answers) else {
            return Err(Error::answer("two values were expected"));
        };
        let history = history(&text(info)?)?.into();
        let Value::Int(replicas) = replicas else {
            return Err(Error::answer("a number of replicas was expected"));
        };
        *kept = Some(conn);
        Ok((u64::try_from(replicas).unwrap_or(0), history))
    }
}
