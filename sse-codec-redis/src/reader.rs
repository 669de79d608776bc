//! The loop that reads what is new, for all topics of a process.
//!
//! ```text
//!  bell ──▶ which topics have changed ──▶ their new entries ──▶ feed ──▶ ring
//!             ▲                                  ▲
//!  a new connection, another history,            │ the cursor
//!  an entry of the bell that is gone: all        └ one rule: see `take`
//! ```

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{Cmd, Value};
use sse_codec::replay::Id;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval_at, sleep},
};

use crate::{
    bell::{BLOCK, Bell},
    chance::spread,
    entry::{array, id_of, pair, read_all},
    error::Error,
    link::{Conn, history},
    lock::lock,
    node::{Node, Served},
    scripts::{Ensure, Scripts},
};

/// How often it is looked whether all is as it was.
const CHECK: Duration = Duration::from_secs(1);

/// After so long without a connection, a topic is not read any more.
const UNUSED: Duration = Duration::from_secs(60);

/// The longest pause between two tries to connect, half as much again at times.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// How many topics are asked about at once, and how many events of each are taken at once.
const TOPICS: usize = 32;
const EVENTS: usize = 64;

pub(crate) struct Reader {
    node: Arc<Node>,
    new: mpsc::UnboundedReceiver<Served>,
    topics: HashMap<Arc<str>, Served>,
    /// Those that could not be asked about, and why.
    troubled: HashMap<Arc<str>, Error>,
}

impl Reader {
    pub(crate) fn new(node: Arc<Node>, new: mpsc::UnboundedReceiver<Served>) -> Self {
        Self {
            node,
            new,
            topics: HashMap::new(),
            troubled: HashMap::new(),
        }
    }

    /// Reads until it is dropped, or nobody can bring a topic any more.
    pub(crate) async fn run(mut self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let since = Instant::now();
            let Err(error) = self.session().await else {
                return;
            };
            *lock(&self.node.health) = Some(error);
            if since.elapsed() > CHECK {
                pause = SHORTEST_PAUSE;
            }
            sleep(spread(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Reads until a connection is of no more use. All topics are looked at at its beginning.
    async fn session(&mut self) -> Result<(), Error> {
        let node = Arc::clone(&self.node);
        let mut conn = node.link.commands().await?;
        let read = self.read(&mut conn).await;
        if read.is_err() {
            // Whatever it was: the next one begins with everything.
            node.link.give_up(&conn);
        }
        read
    }

    async fn read(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let node = Arc::clone(&self.node);
        let listener = node.link.connect(BLOCK).await?;
        if listener.history != conn.history {
            // Two Redis under one name, or one that has just become another.
            return Err(Error::NotMaster);
        }
        let last = Bell::last(conn, &self.node.keys).await?;
        let mut bell = Bell {
            heard: last,
            seen: last,
        };
        self.refresh_all(conn).await?;
        let mut listening = bell.listen(listener, &self.node.keys);
        let mut check = interval_at(tokio::time::Instant::now() + CHECK, CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = node.link.until_given_up(conn) => {
                    return Err(Error::Away(Error::timed_out(node.options.timeout)));
                }
                heard = &mut listening => {
                    let (listener, rung) = heard?;
                    // Not before all of it works.
                    *lock(&node.health) = self.troubled.values().next().cloned();
                    self.heard(conn, &mut bell, rung).await?;
                    listening = bell.listen(listener, &self.node.keys);
                }
                _ = check.tick() => self.check(conn, &mut bell).await?,
                new = self.new.recv() => match new {
                    Some(new) => self.begin(conn, new).await?,
                    None => return Ok(()),
                },
            }
        }
    }

    /// The bell has rung, or has not for as long as a look at it takes.
    async fn heard(&mut self, conn: &mut Conn, bell: &mut Bell, rung: Value) -> Result<(), Error> {
        let Some(stream) = array(rung)?.pop() else {
            return Ok(());
        };
        let before = bell.heard;
        let mut changed = HashSet::new();
        for entry in array(pair(stream)?.1)? {
            let (id, fields) = pair(entry)?;
            bell.heard = id_of(&id)?;
            if let [Value::BulkString(_), Value::BulkString(stream)] = &*array(fields)?
                && let Ok(stream) = std::str::from_utf8(stream)
                && let Some(topic) = self.node.keys.topic(stream)
                && let Some((topic, _)) = self.topics.get_key_value(topic)
            {
                changed.insert(Arc::clone(topic));
            }
        }
        let is_whole = Bell::has(conn, &self.node.keys, before).await?;
        if is_whole {
            self.catch_up(conn, changed.into_iter().collect()).await
        } else {
            self.catch_up(conn, self.names()).await
        }
    }

    /// Whether all is as it was. Nothing tells this process that Redis has become a replica, has another
    /// history, or has a bell that rings with lower IDs than were heard.
    async fn check(&mut self, conn: &mut Conn, bell: &mut Bell) -> Result<(), Error> {
        self.node.pages.sweep();
        self.let_go();
        let info = conn.info("replication").await?;
        if history(&info)? != &*conn.history {
            return Err(Error::NotMaster);
        }
        let last = Bell::last(conn, &self.node.keys).await?;
        if last < bell.heard {
            // The bell itself was lost.
            bell.heard = last;
            self.refresh_all(conn).await?;
        } else if bell.heard < bell.seen {
            // What was there a while ago has not been heard: whom do we listen to?
            return Err(Error::Away(Error::timed_out(CHECK)));
        }
        bell.seen = last;
        if !self.troubled.is_empty() {
            let names = self.troubled.keys().cloned().collect();
            self.refresh(conn, names).await?;
        }
        *lock(&self.node.health) = self.troubled.values().next().cloned();
        Ok(())
    }

    /// Lets go of topics that nobody has used for a while.
    fn let_go(&mut self) {
        for (name, served) in &mut self.topics {
            let local = &self.node.local;
            if local.get(name).is_some_and(|hub| !hub.is_connected()) {
                let since = *served.unused_since.get_or_insert_with(Instant::now);
                if since.elapsed() > UNUSED {
                    local.remove_unused(name);
                }
            } else {
                served.unused_since = None;
            }
        }
        self.topics.retain(|_, served| !served.feed.is_over());
    }

    /// Begins with a topic.
    async fn begin(&mut self, conn: &mut Conn, new: Served) -> Result<(), Error> {
        let mut names = vec![self.enter(new)];
        while let Ok(new) = self.new.try_recv() {
            names.push(self.enter(new));
        }
        self.refresh(conn, names).await
    }

    fn enter(&mut self, new: Served) -> Arc<str> {
        let name = Arc::clone(&new.place.topic);
        self.topics.insert(Arc::clone(&name), new);
        name
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.topics.keys().cloned().collect()
    }

    async fn refresh_all(&mut self, conn: &mut Conn) -> Result<(), Error> {
        while let Ok(new) = self.new.try_recv() {
            self.enter(new);
        }
        self.refresh(conn, self.names()).await
    }

    /// Asks where the logs are, and takes what is new.
    async fn refresh(&mut self, conn: &mut Conn, names: Vec<Arc<str>>) -> Result<(), Error> {
        for names in names.chunks(TOPICS) {
            let asked = names.iter().map(|name| self.ensure(name, Ensure::Make));
            let answers = conn.ask_all(asked.collect::<Vec<_>>()).await?;
            let mut lasts = Vec::new();
            for (name, answer) in names.iter().zip(answers) {
                self.troubled.remove(name);
                let Some(last) = self.unless_troubled(name, Scripts::ensured(answer))? else {
                    continue;
                };
                let last = last.ok_or_else(|| Error::answer("a log was expected"))?;
                lasts.push((Arc::clone(name), self.turn(conn, name, last).await?));
            }
            let names = lasts.iter().map(|(name, _)| Arc::clone(name)).collect();
            self.catch_up(conn, names).await?;
            for (name, last) in lasts {
                // What is not there any more by now was trimmed.
                if let Some(served) = self.topics.get(&name)
                    && served.feed.cursor() < last
                {
                    served.feed.lost_until(last);
                    served.tell();
                }
            }
        }
        Ok(())
    }

    /// The log's last ID is this: is that where the ring can go on?
    async fn turn(&self, conn: &mut Conn, name: &Arc<str>, mut last: Id) -> Result<Id, Error> {
        let Some(served) = self.topics.get(name) else {
            return Ok(last);
        };
        let cursor = served.feed.cursor();
        if cursor.epoch == 0 {
            let begun = self.warm(conn, name, last).await?;
            served.feed.begin(begun);
        } else if last.epoch == cursor.epoch && last < cursor {
            // Redis has lost what clients have had. Its numbers must not come again.
            let answer = conn
                .ask(&self.ensure(name, Ensure::End(cursor.epoch)))
                .await?;
            last = Scripts::ensured(answer)?.ok_or_else(|| Error::answer("a log was expected"))?;
        }
        if cursor.epoch != 0 && last.epoch != cursor.epoch {
            // Also for a lower one, which no reading beyond the cursor would find.
            served.feed.begin(Id {
                epoch: last.epoch,
                seq: 0,
            });
            served.tell();
        }
        Ok(last)
    }

    /// Where the ring begins: so many events before the end, of the last epoch, without a hole.
    async fn warm(&self, conn: &mut Conn, name: &str, last: Id) -> Result<Id, Error> {
        if self.node.options.warm == 0 {
            return Ok(last);
        }
        let mut command = redis::cmd("XREVRANGE");
        command
            .arg(self.node.keys.stream(name))
            .arg(last.to_string())
            .arg("-");
        command.arg("COUNT").arg(self.node.options.warm);
        let mut begin = last;
        for entry in array(conn.ask(&command).await?)? {
            let id = id_of(&pair(entry)?.0)?;
            if id != begin || id.seq == 0 {
                break;
            }
            begin.seq -= 1;
        }
        Ok(begin)
    }

    /// Takes what is new in these topics.
    async fn catch_up(&mut self, conn: &mut Conn, mut names: Vec<Arc<str>>) -> Result<(), Error> {
        while !names.is_empty() {
            let some = names.split_off(names.len().saturating_sub(TOPICS));
            let known = some.iter().filter_map(|name| self.topics.get(name));
            let begun = known.filter(|served| served.feed.cursor().epoch != 0);
            let asked: Vec<_> = begun
                .map(|served| (Arc::clone(&served.place.topic), self.range(served)))
                .collect();
            let (some, asked): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
            for (name, answer) in some.into_iter().zip(conn.ask_all(asked).await?) {
                let Some(entries) = self.unless_troubled(&name, read_all(answer))? else {
                    continue;
                };
                if entries.len() >= EVENTS {
                    names.push(Arc::clone(&name));
                }
                if let Some(served) = self.topics.get(&name) {
                    served.take(&entries);
                }
            }
        }
        Ok(())
    }

    fn range(&self, served: &Served) -> Cmd {
        let mut command = redis::cmd("XRANGE");
        let cursor = served.feed.cursor();
        command.arg(self.node.keys.stream(&served.place.topic));
        command
            .arg(format!("({cursor}"))
            .arg("+")
            .arg("COUNT")
            .arg(EVENTS);
        command
    }

    fn ensure(&self, name: &str, what: Ensure) -> Cmd {
        self.node.link.scripts().ensure(&self.node.keys, name, what)
    }

    /// An error that is one topic's holds up none of the others.
    fn unless_troubled<T>(
        &mut self,
        name: &Arc<str>,
        answer: Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.ends_connection() => Err(error),
            Err(error) => {
                self.troubled.insert(Arc::clone(name), error);
                Ok(None)
            }
        }
    }
}
