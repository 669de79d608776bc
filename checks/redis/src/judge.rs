//! What clients may be told, beside the log of what was acknowledged.

use std::collections::{HashMap, HashSet};

use sse_codec::replay::Id;

/// What a client has heard, over all its connections.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Event(Id, String),
    /// The outcome, how many are lost, and where it goes on.
    Told(String, u64, Id),
}

/// What was published.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) acknowledged: HashMap<Id, String>,
    /// What may have been published once or more: nobody has answered.
    pub(crate) unanswered: HashSet<String>,
    pub(crate) faults: Vec<String>,
}

/// What a scenario allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) gap: bool,
    pub(crate) unknown: bool,
}

impl Published {
    pub(crate) fn acknowledge(&mut self, id: Id, text: String) {
        if let Some(other) = self.acknowledged.insert(id, text.clone()) {
            self.faults
                .push(format!("{id} was given to {other} and to {text}"));
        }
    }

    /// Everything that is not as it has to be.
    pub(crate) fn judge(&self, clients: &[Vec<Heard>], allowed: Allowed) -> Vec<String> {
        let mut faults = self.faults.clone();
        let mut names: HashMap<Id, &str> = HashMap::new();
        for (number, heard) in clients.iter().enumerate() {
            let mut at: Option<Id> = None;
            for (place, one) in heard.iter().enumerate() {
                let wrong = match one {
                    Heard::Told(outcome, lost, id) => told(at, outcome, *lost, *id, allowed),
                    Heard::Event(id, text) => self.event(at, *id, text).or_else(|| {
                        let other = *names.entry(*id).or_insert(text);
                        (other != text).then(|| format!("{id} is {other} and {text}"))
                    }),
                };
                if let Some(wrong) = wrong {
                    let before = &heard[place.saturating_sub(2)..=place];
                    faults.push(format!("client {number}: {wrong}; {before:?}"));
                    break;
                }
                let (Heard::Event(id, _) | Heard::Told(_, _, id)) = one;
                at = Some(*id);
            }
        }
        faults
    }

    fn event(&self, at: Option<Id>, id: Id, text: &str) -> Option<String> {
        let Some(at) = at else {
            return Some("an event before it was told where it is".to_owned());
        };
        if (id.epoch, id.seq) != (at.epoch, at.seq + 1) {
            return Some(format!("{id} after {at}"));
        }
        match self.acknowledged.get(&id) {
            Some(published) if published == text => None,
            Some(published) => Some(format!("{id} is {published}, and {text} came")),
            None if self.unanswered.contains(text) => None,
            None => Some(format!("{id} was never published: {text}")),
        }
    }
}

fn told(at: Option<Id>, outcome: &str, lost: u64, id: Id, allowed: Allowed) -> Option<String> {
    let is_right = match (outcome, at) {
        ("new", at) => at.is_none(),
        ("resumed", at) => at == Some(id),
        ("gap", Some(at)) => {
            allowed.gap && lost > 0 && (id.epoch, id.seq) == (at.epoch, at.seq + lost)
        }
        ("unknown", Some(at)) => allowed.unknown && id.epoch != at.epoch,
        _ => false,
    };
    (!is_right).then(|| format!("{outcome} {lost} to {id}, at {at:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(epoch: u64, seq: u64) -> Id {
        Id { epoch, seq }
    }

    fn event(epoch: u64, seq: u64) -> Heard {
        Heard::Event(id(epoch, seq), format!("{epoch}/{seq}"))
    }

    fn told(outcome: &str, lost: u64, epoch: u64, seq: u64) -> Heard {
        Heard::Told(outcome.to_owned(), lost, id(epoch, seq))
    }

    fn faults(heard: &[Heard]) -> usize {
        let mut published = Published::default();
        for epoch in 1..3 {
            for seq in 1..20 {
                published.acknowledge(id(epoch, seq), format!("{epoch}/{seq}"));
            }
        }
        let allowed = Allowed {
            gap: true,
            unknown: true,
        };
        published.judge(&[heard.to_vec()], allowed).len()
    }

    #[test]
    fn what_is_right_passes() {
        assert_eq!(
            faults(&[
                told("new", 0, 1, 0),
                event(1, 1),
                event(1, 2),
                told("resumed", 0, 1, 2),
                event(1, 3)
            ]),
            0
        );
        assert_eq!(
            faults(&[
                told("new", 0, 1, 3),
                told("gap", 4, 1, 7),
                event(1, 8),
                told("unknown", 0, 2, 0),
                event(2, 1)
            ]),
            0
        );
    }

    #[test]
    fn what_is_wrong_is_found() {
        let begin = told("new", 0, 1, 0);
        for wrong in [
            event(1, 1),
            event(1, 3),
            event(2, 1),
            event(2, 2),
            told("gap", 3, 1, 5),
            told("gap", 0, 1, 1),
            told("resumed", 0, 1, 2),
            told("unknown", 0, 1, 5),
            told("new", 0, 1, 1),
            Heard::Event(id(1, 2), "2/1".to_owned()),
        ] {
            let wrong = [begin.clone(), event(1, 1), wrong];
            assert_eq!(faults(&wrong), 1, "{wrong:?}");
        }
        let never = Heard::Event(id(1, 20), "1/20".to_owned());
        assert_eq!(faults(&[told("new", 0, 1, 19), never]), 1);
        assert_eq!(faults(&[event(1, 1)]), 1);
        let mut published = Published::default();
        published.acknowledge(id(1, 1), "a".to_owned());
        published.acknowledge(id(1, 1), "b".to_owned());
        let allowed = Allowed {
            gap: false,
            unknown: false,
        };
        assert_eq!(published.judge(&[], allowed).len(), 1);
        let unknown = [begin, told("unknown", 0, 2, 0)];
        assert_eq!(published.judge(&[unknown.to_vec()], allowed).len(), 2);
    }

    #[test]
    fn one_id_with_two_texts_is_found_though_nobody_has_acknowledged_it() {
        let mut published = Published::default();
        published
            .unanswered
            .extend(["a".to_owned(), "b".to_owned()]);
        let client = |text: &str| {
            vec![
                told("new", 0, 1, 0),
                Heard::Event(id(1, 1), text.to_owned()),
            ]
        };
        let allowed = Allowed {
            gap: false,
            unknown: false,
        };
        assert_eq!(
            published.judge(&[client("a"), client("a")], allowed).len(),
            0
        );
        assert_eq!(
            published.judge(&[client("a"), client("b")], allowed).len(),
            1
        );
    }
}
