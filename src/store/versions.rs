//! The versions of a KPI's definition: which meaning and which goal held from when on. Values of different meanings are
//! not one series; a goal that changes all the time is none. Not here: how they are read and written (`revisions`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::definition::{Definition, Statement};
use super::revision::{Change, InForce, Revision};
use crate::id::KpiId;

/// Which half of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Meaning,
    Goal,
}

/// A pair that came into force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) number: u32,
    pub(super) since: DateTime<Utc>,
    pub(super) revision: Revision,
}

/// All that was ever seen of a KPI.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// In the order of their numbers.
    pub(super) pairs: Vec<Pair>,
    meanings: BTreeMap<u32, Statement>,
    goals: BTreeMap<u32, Statement>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct New {
    /// Also such as say something that is known in another form.
    pub(super) meanings: Vec<(KpiId, u32, Statement)>,
    /// The same.
    pub(super) goals: Vec<(KpiId, u32, Statement)>,
    pub(super) pairs: Vec<(KpiId, Pair)>,
}

impl Half {
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Meaning => "meanings",
            Self::Goal => "goals",
        }
    }

    fn of(self, revision: Revision) -> u32 {
        match self {
            Self::Meaning => revision.meaning,
            Self::Goal => revision.goal,
        }
    }

    fn statement(self, definition: &Definition) -> &Statement {
        match self {
            Self::Meaning => &definition.meaning,
            Self::Goal => &definition.goal,
        }
    }
}

impl New {
    fn put(&mut self, half: Half, kpi: &KpiId, number: u32, statement: &Statement) {
        let of_half = match half {
            Half::Meaning => &mut self.meanings,
            Half::Goal => &mut self.goals,
        };
        of_half.push((kpi.clone(), number, statement.clone()));
    }
}

impl Versions {
    pub(super) fn put(&mut self, half: Half, number: u32, statement: Statement) {
        match half {
            Half::Meaning => self.meanings.insert(number, statement),
            Half::Goal => self.goals.insert(number, statement),
        };
    }

    fn statements(&self, half: Half) -> &BTreeMap<u32, Statement> {
        match half {
            Half::Meaning => &self.meanings,
            Half::Goal => &self.goals,
        }
    }

    /// The number of a statement that was seen before.
    fn number(&self, half: Half, definition: &Definition) -> Option<u32> {
        let hash = &half.statement(definition).hash;
        let mut all = self.statements(half).iter();
        all.find(|(_, known)| known.hash == *hash).map(|(number, _)| *number)
    }

    fn last(&self) -> Option<Revision> {
        self.pairs.last().map(|pair| pair.revision)
    }

    /// The definition, if it is in force.
    pub(super) fn in_force(&self, definition: &Definition) -> Option<InForce> {
        let meaning = self.number(Half::Meaning, definition)?;
        let goal = self.number(Half::Goal, definition)?;
        let is_last = self.last() == Some(Revision { meaning, goal });
        is_last.then(|| self.describe(definition, false))
    }

    /// The definition, in force or not, if its meaning was ever seen; a goal that never was has the number 0.
    pub(super) fn seen(&self, definition: &Definition) -> Option<InForce> {
        self.in_force(definition).or_else(|| {
            let meaning = self.number(Half::Meaning, definition)?;
            let goal = self.number(Half::Goal, definition).unwrap_or(0);
            let [of_meaning, of_goal] =
                [&definition.meaning, &definition.goal].map(Change::unnoted);
            Some(InForce {
                revision: Revision { meaning, goal },
                meaning: of_meaning,
                goal: of_goal,
            })
        })
    }

    /// Puts a definition into force.
    pub(super) fn note(
        &mut self,
        kpi: &KpiId,
        definition: &Definition,
        at: DateTime<Utc>,
        new: &mut New,
    ) -> InForce {
        let last = self.last();
        let meaning = self.number_or_new(Half::Meaning, kpi, definition, None, new);
        let goal = self.number_or_new(Half::Goal, kpi, definition, last.map(|last| last.goal), new);
        let revision = Revision { meaning, goal };
        let is_new = last != Some(revision);
        if is_new {
            let number = self.pairs.last().map_or(1, |pair| pair.number + 1);
            self.add(kpi, Pair { number, since: at, revision }, new);
        }
        self.describe(definition, is_new)
    }

    /// Takes over a definition of a store that held its halves as one, under its number.
    pub(super) fn split(
        &mut self,
        kpi: &KpiId,
        number: u32,
        since: DateTime<Utc>,
        definition: &Definition,
        new: &mut New,
    ) -> Revision {
        let [meaning, goal] = [Half::Meaning, Half::Goal].map(|half| {
            self.number(half, definition).unwrap_or_else(|| {
                let statement = half.statement(definition);
                self.put(half, number, statement.clone());
                new.put(half, kpi, number, statement);
                number
            })
        });
        let revision = Revision { meaning, goal };
        self.add(kpi, Pair { number, since, revision }, new);
        revision
    }

    fn add(&mut self, kpi: &KpiId, pair: Pair, new: &mut New) {
        self.pairs.push(pair);
        new.pairs.push((kpi.clone(), pair));
    }

    /// The number of a statement; a new one for one that was not seen before. `last` is in force so far: an older form of
    /// the same statement takes on the new one.
    fn number_or_new(
        &mut self,
        half: Half,
        kpi: &KpiId,
        definition: &Definition,
        last: Option<u32>,
        new: &mut New,
    ) -> u32 {
        if let Some(number) = self.number(half, definition) {
            return number;
        }
        let statement = half.statement(definition);
        let known = self.statements(half);
        let older = last
            .filter(|last| known.get(last).is_some_and(|older| statement.agrees_with(&older.text)));
        let number =
            older.unwrap_or_else(|| known.last_key_value().map_or(1, |(last, _)| last + 1));
        self.put(half, number, statement.clone());
        new.put(half, kpi, number, statement);
        number
    }

    /// How the last of the pairs came to be, half by half.
    fn describe(&self, definition: &Definition, is_new: bool) -> InForce {
        let revision = self.last().unwrap_or(Revision { meaning: 1, goal: 1 });
        let [meaning, goal] = [Half::Meaning, Half::Goal].map(|half| {
            let change = self.pairs.windows(2).rev().find_map(|two| {
                let (before, after) = (half.of(two[0].revision), half.of(two[1].revision));
                (before != after).then_some((before, two[1].since, two[1].number))
            });
            let before = change.and_then(|(before, ..)| self.statements(half).get(&before));
            let newest = self.pairs.last().map(|pair| pair.number);
            let mut earlier = self
                .pairs
                .iter()
                .take_while(|pair| change.is_some_and(|(.., number)| pair.number < number));
            Change {
                at: change.map(|(_, since, _)| since),
                is_new: is_new && change.is_some_and(|(.., number)| Some(number) == newest),
                returned: earlier.any(|pair| half.of(pair.revision) == half.of(revision)),
                before: before.map(|statement| statement.text.clone()),
                now: half.statement(definition).text.clone(),
            }
        });
        InForce { revision, meaning, goal }
    }
}

impl Change {
    /// Of a statement that nobody has noted as the one in force.
    fn unnoted(statement: &Statement) -> Self {
        let now = statement.text.clone();
        Self { at: None, is_new: false, returned: false, before: None, now }
    }
}
