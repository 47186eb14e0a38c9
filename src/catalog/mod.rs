//! What a good KPI is: templates of KPIs that are known in the field, with formula over named inputs,
//! traps, partners and queries to start from. Data, embedded: one readable file a business function.
//!
//! Not here: how a configuration uses them (`config`), nor how they are shown (`cli`).

mod bound;
mod paste;
mod read;
mod template;

pub use bound::{bind, compatible};
pub use paste::{block, kpi, metric, metrics, sources};
pub use template::{Example, Input, Partner, Template};

use std::sync::OnceLock;

use crate::reader::suggest::closest;

/// Every template, in the order of functions and their files.
pub fn all() -> &'static [Template] {
    static ALL: OnceLock<Vec<Template>> = OnceLock::new();
    ALL.get_or_init(read::templates)
}

/// The template with this id.
pub fn find(id: &str) -> Option<&'static Template> {
    all().iter().find(|template| template.id == id)
}

/// The template that an unknown id probably means: another name of it, or a slip.
pub fn meant(id: &str) -> Option<&'static str> {
    let other_name = all().iter().find(|template| template.also.iter().any(|name| name == id));
    if let Some(template) = other_name {
        return Some(&template.id);
    }
    let names = all().iter().flat_map(|template| {
        std::iter::once(template.id.as_str()).chain(template.also.iter().map(String::as_str))
    });
    let Some(name) = closest(id, names) else { return named_by(id) };
    let of = |template: &&Template| template.id == name || template.also.iter().any(|a| a == name);
    all().iter().find(of).map(|template| template.id.as_str())
}

/// The template whose names hold all the words of an id, the best of several.
fn named_by(id: &str) -> Option<&'static str> {
    let words = id.replace('_', " ").to_lowercase();
    let holds = |template: &&Template| {
        let name = template.name_text();
        words.len() > 2 && words.split_whitespace().all(|word| name.contains(word))
    };
    search(&words).into_iter().find(holds).map(|template| template.id.as_str())
}

/// Templates that hold every word of a search, the best first: in id or title, then anywhere.
pub fn search(text: &str) -> Vec<&'static Template> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(usize, &Template)> = all()
        .iter()
        .filter_map(|template| {
            let name = template.name_text();
            let rest = template.all_text();
            let hits = words.iter().map(|word| {
                usize::from(name.contains(word.as_str())) * 2
                    + usize::from(rest.contains(word.as_str()))
            });
            let hits: Vec<usize> = hits.collect();
            (!hits.contains(&0)).then(|| (hits.iter().sum(), template))
        })
        .collect();
    found.sort_by_key(|(hits, _)| std::cmp::Reverse(*hits));
    found.into_iter().map(|(_, template)| template).collect()
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
