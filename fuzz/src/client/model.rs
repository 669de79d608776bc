//! The model.

use std::collections::VecDeque;

use sse_codec_tokio::client::{Refusal, Replay};

use super::{
    BASE, CONNECT_TIMEOUT, FLOOR, LONGEST, LONGEST_ASKED, PROOF, Plan, READ_TIMEOUT, REDIRECTS,
    Story, event_text, script::Answer,
};
use crate::oracle::{self, Decoded};

/// The rules, one after the other, with a clock that is a number.
struct Model<'p> {
    plan: &'p Plan,
    answers: VecDeque<Answer>,
    story: Story,
    now: u64,
    id: Vec<u8>,
    retry: Option<u64>,
    failures: u32,
}

impl Plan {
    /// What the client has to do.
    pub fn expected(&self) -> Story {
        let mut model = Model {
            plan: self,
            answers: self.answers.clone().into(),
            story: Story::default(),
            now: 0,
            id: self.start_id.clone(),
            retry: None,
            failures: 0,
        };
        while model.attempt() {}
        model.story
    }
}

impl Model<'_> {
    fn say(&mut self, item: impl Into<String>) {
        self.story.items.push(item.into());
    }

    fn is_sendable(&self) -> bool {
        let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 127);
        let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        self.id.iter().all(is_text) && !is_space(self.id.first()) && !is_space(self.id.last())
    }

    /// One attempt with all its redirects; whether there is another one.
    fn attempt(&mut self) -> bool {
        let mut is_post = self.plan.is_post;
        if !self.is_sendable() {
            self.say("unsendable");
        }
        let mut hops = 0;
        loop {
            let id = Some(self.id.clone()).filter(|id| self.is_sendable() && !id.is_empty());
            let method = if is_post { "POST" } else { "GET" };
            let path = if hops == 0 { "" } else { "next" };
            let url = format!("http://a.example/{path}");
            self.story
                .requests
                .push((self.now, method.to_owned(), url, id));
            let answer = self.answers.pop_front().unwrap_or(Answer::Status {
                code: 204,
                retry_after: None,
            });
            return match answer {
                Answer::Redirect(code) if hops < REDIRECTS => {
                    hops += 1;
                    is_post &= matches!(code, 307 | 308);
                    continue;
                }
                Answer::Redirect(code) => self.refused(code, Refusal::TooManyRedirects),
                Answer::Fails => self.ended("fails", false),
                Answer::Hangs => {
                    self.now += CONNECT_TIMEOUT;
                    self.ended("connect timeout", false)
                }
                Answer::Encoded => self.refused(200, Refusal::Encoded),
                Answer::Status {
                    code, retry_after, ..
                } => self.status(code, retry_after),
                Answer::Stream { code: 201, .. } if self.plan.is_standard => {
                    self.refused(201, Refusal::Status)
                }
                Answer::Stream {
                    code,
                    pieces,
                    breaks,
                } => self.stream(code, &pieces, breaks),
            };
        }
    }

    fn refused(&mut self, code: u16, refusal: Refusal) -> bool {
        self.say(format!("refused {code} {refusal:?}"));
        false
    }

    fn status(&mut self, code: u16, retry_after: Option<u64>) -> bool {
        match code {
            204 => {
                self.say("no content");
                false
            }
            200 => self.refused(code, Refusal::WrongType),
            201 if !self.plan.is_standard => self.refused(code, Refusal::WrongType),
            408 | 429 | 503 if !self.plan.is_standard => {
                let goes_on = self.fails();
                if !self.may_repeat() {
                    return self.refused(code, Refusal::Status);
                }
                if !goes_on {
                    self.say(format!("gave up: {code}"));
                    return false;
                }
                let asked = retry_after.map_or(0, |seconds| seconds * 1_000);
                let wait = self.backoff().max(asked.min(LONGEST_ASKED));
                self.wait(wait, &code.to_string())
            }
            _ => self.refused(code, Refusal::Status),
        }
    }

    /// Counts a failure; whether there may be another attempt.
    fn fails(&mut self) -> bool {
        self.failures += 1;
        self.plan.attempts == 0 || self.failures < self.plan.attempts
    }

    fn once(&self) -> u64 {
        let asked = self.retry.map(|retry| retry.min(LONGEST_ASKED));
        asked.unwrap_or(BASE).max(FLOOR)
    }

    fn backoff(&self) -> u64 {
        let doubled = self.once() << (self.failures - 1).min(20);
        doubled.min(LONGEST).max(self.once())
    }

    fn wait(&mut self, wait: u64, why: &str) -> bool {
        self.say(format!("{wait} ms: {why}"));
        self.now += wait;
        true
    }

    fn may_repeat(&self) -> bool {
        match self.plan.replay {
            Replay::Always => true,
            Replay::Never => false,
            Replay::IfResumable if !self.id.is_empty() && self.is_sendable() => true,
            _ => !self.plan.is_post,
        }
    }

    fn ended(&mut self, why: &str, proved: bool) -> bool {
        if !self.may_repeat() {
            self.say(format!("not again: {why}"));
            return false;
        }
        if proved {
            self.failures = 0;
            return self.wait(self.once(), why);
        }
        if !self.fails() {
            self.say(format!("gave up: {why}"));
            return false;
        }
        self.wait(self.backoff(), why)
    }

    fn stream(&mut self, code: u16, pieces: &[(u64, Vec<u8>)], breaks: bool) -> bool {
        self.say(format!("open {code}"));
        let mut text = Vec::new();
        let mut age = 0;
        // Since the last byte; an empty piece is none.
        let mut quiet = 0;
        let mut why = if breaks { "broken" } else { "closed" };
        for (gap, piece) in pieces {
            if quiet + gap >= READ_TIMEOUT {
                age += READ_TIMEOUT - quiet;
                why = "silent";
                break;
            }
            age += gap;
            quiet += gap;
            if !piece.is_empty() {
                quiet = 0;
            }
            text.extend_from_slice(piece);
        }
        self.now += age;

        let Decoded {
            items,
            last_event_id,
            retry,
            unfinished_comment,
            ..
        } = oracle::decode(&text, Some(self.plan.limit), &self.id);
        let mut proved = age >= PROOF;
        for item in &items {
            match item {
                oracle::Item::Event {
                    event_type,
                    data,
                    id,
                    retry,
                    last_event_id,
                    ..
                } => {
                    proved = true;
                    let event_type = event_type.as_deref();
                    let id = id.as_deref();
                    self.say(event_text(event_type, data, id, *retry, last_event_id));
                }
                oracle::Item::WithoutData { .. } | oracle::Item::Retry { .. } => proved = true,
                oracle::Item::Comment(text) if text.len() <= self.plan.limit => {
                    self.say(format!("comment {text:?}"));
                }
                oracle::Item::Comment(_) | oracle::Item::Overflow { .. } => self.say("too large"),
            }
        }
        // A comment can be too large before it is over.
        if unfinished_comment.is_some_and(|text| text.len() > self.plan.limit) {
            self.say("too large");
        }
        if proved {
            self.failures = 0;
        }
        self.id = last_event_id;
        self.retry = retry.or(self.retry);
        self.ended(why, proved)
    }
}
