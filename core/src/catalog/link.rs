//! Experiments as links: short, readable, and checked like a file.
//!
//! ```text
//! v=2&from=digits.5c1d&model.depth=2&2.model.heads=8&sum=1f0c93aa
//! │   │               │              │               └ checksum: a link that was cut off is recognised
//! │   │               │              └ variant 2: a field of its patch
//! │   │               └ a field of the base that differs from the origin
//! │   └ the origin, an entry of the catalog, with a mark of its edition
//! └ the version of the experiment format
//! ```
//!
//! What equals the origin is left out. A variant that differs from the origin's is written whole (`2=base` if its patch
//! is empty), and `variants=3` is there when their number differs. Claims that are not the origin's are written whole, one a
//! pair (`claims=2&claim.1={…}`), as JSON. The edition is a digest of the origin: when a
//! later edition of the lab has changed it, the link says so instead of quietly meaning something else.

use std::sync::LazyLock;

use crate::catalog;
use crate::fields::{Problem, quote, suggestion};
use crate::spec::claims::of_claim;
use crate::spec::patch;
use crate::spec::table::known_field;
use crate::spec::tree::{self, Setting};
use crate::spec::version1;
use crate::spec::{Claim, Experiment, MAX_CLAIMS, MAX_VARIANTS, VERSION, Variant};

/// Bytes of a link, at most.
pub const MAX_BYTES: usize = 8 << 10;

type Pair = (String, String);

/// An experiment of the catalog that a link can start from.
struct Origin {
    id: &'static str,
    experiment: &'static Experiment,
    leaves: Vec<Setting>,
    edition: String,
}

static ORIGINS: LazyLock<Vec<Origin>> = LazyLock::new(|| catalog::experiments().map(Origin::new).collect());

/// Editions that the catalog has had before: links start from them no more, but those that did still open.
static EARLIER: LazyLock<Vec<Origin>> = LazyLock::new(|| catalog::earlier().map(Origin::new).collect());

impl Origin {
    fn new((id, experiment): (&'static str, &'static Experiment)) -> Self {
        Self { id, experiment, leaves: tree::leaves(experiment), edition: edition(experiment) }
    }
}

/// The link of an experiment that passes its check, without `#`: the shortest over all origins.
pub fn to_link(experiment: &Experiment) -> String {
    let leaves = tree::leaves(experiment);
    let links = ORIGINS.iter().map(|origin| written(&pairs(experiment, &leaves, origin)));
    links.min_by_key(String::len).unwrap_or_default()
}

/// Reads and checks an experiment. A leading `#` or `?` may stand there.
pub fn from_link(link: &str) -> Result<Experiment, Vec<Problem>> {
    let one = |problem: Problem| vec![problem];
    if link.len() > MAX_BYTES {
        let sentence = format!("A link has at most {MAX_BYTES} bytes; this one has {}.", link.len());
        return Err(one(Problem::general(sentence)));
    }
    let link = link.trim().trim_start_matches(['#', '?']);
    let pairs = link.split('&').map(decoded).collect::<Result<Vec<Pair>, _>>().map_err(one)?;
    let pairs = whole(&pairs).map_err(one)?;
    let (version, origin, pairs) = origin(pairs).map_err(one)?;
    let (id, origin) = (origin.id, origin.experiment);

    let mut problems = Vec::new();
    let mut base: Vec<Setting> = Vec::new();
    let mut patches: Vec<Option<Vec<Setting>>> = vec![None; origin.variants.len()];
    let mut claims: Option<Vec<Option<Claim>>> = None;
    for (key, value) in pairs {
        let read = match key.split_once('.') {
            _ if key == "variants" => resize(&mut patches, value),
            _ if key == "claims" => number_of_claims(value).map(|count| claims = Some(vec![None; count])),
            Some(("claim", number)) => claim(&mut claims, number, value),
            Some((number, path)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                patch_of(&mut patches, number)
                    .and_then(|patch| add(patch, path, value).map_err(|p| numbered(p, number)))
            }
            None if key.bytes().all(|byte| byte.is_ascii_digit()) && value == "base" => {
                patch_of(&mut patches, key).map(|_| ())
            }
            _ => add(&mut base, key, value),
        };
        problems.extend(read.err());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut variants: Vec<Variant> = patches
        .into_iter()
        .enumerate()
        .map(|(index, patch)| match patch {
            Some(settings) => patch::variant_of(settings),
            None => origin.variants.get(index).cloned().unwrap_or_default(),
        })
        .collect();
    if version == 1 {
        version1::upgrade(&origin.model, &mut base, &mut variants);
    }
    let mut experiment = tree::apply(origin, &base)?;
    experiment.variants = variants;
    match claims {
        Some(given) if given.iter().any(Option::is_none) => {
            return Err(one(Problem::of("claims", "must be as many as are given: claim.1, claim.2, …")));
        }
        Some(given) => experiment.claims = given.into_iter().flatten().collect(),
        // The origin's, as far as their variants are still there.
        None => experiment.drop_idle_claims(),
    }
    experiment.check().map(|()| experiment).map_err(|mut problems| {
        let from = format!("It starts from \"{id}\" of the catalog.");
        if let Some(last) = problems.last_mut() {
            last.sentence = format!("{} {from}", last.sentence);
        }
        problems
    })
}

/// Everything that the link says, but for its checksum. `leaves` are the experiment's.
fn pairs(experiment: &Experiment, leaves: &[Setting], origin: &Origin) -> Vec<Pair> {
    let mut pairs = vec![
        ("v".to_owned(), VERSION.to_string()),
        ("from".to_owned(), format!("{}.{}", origin.id, origin.edition)),
    ];
    let mut chosen = Vec::new();
    for (field, value) in leaves {
        let unsaid = origin.leaves.iter().any(|(other, usual)| other.path == field.path && usual == value);
        // Another choice brings its own defaults, so that nothing below it can be left to the origin.
        let above = field.path.rsplit_once('.').map(|(above, _)| above);
        let fresh = chosen.iter().any(|path| Some(*path) == above);
        if field.path == "version" || (unsaid && !fresh) {
            continue;
        }
        if field.is_slot() {
            chosen.push(field.path);
        }
        pairs.push((field.path.to_owned(), field.text(value)));
    }
    let known = &origin.experiment.variants;
    if experiment.variants.len() != known.len() {
        pairs.push(("variants".to_owned(), experiment.variants.len().to_string()));
    }
    for (index, variant) in experiment.variants.iter().enumerate() {
        let number = index + 1;
        if known.get(index).map_or(variant.set.is_empty(), |known| known == variant) {
            continue;
        }
        let settings = patch::canonical(&variant.set).unwrap_or_default();
        if settings.is_empty() {
            pairs.push((number.to_string(), "base".to_owned()));
        }
        for (field, value) in settings {
            pairs.push((format!("{number}.{}", field.path), field.text(&value)));
        }
    }
    let mut kept = Experiment { variants: experiment.variants.clone(), ..origin.experiment.clone() };
    kept.drop_idle_claims();
    if experiment.claims != kept.claims {
        pairs.push(("claims".to_owned(), experiment.claims.len().to_string()));
        for (index, claim) in experiment.claims.iter().enumerate() {
            let text = serde_json::to_string(claim).expect("a claim is made of names, a number and text");
            pairs.push((format!("claim.{}", index + 1), text));
        }
    }
    pairs
}

/// How many claims there are.
fn number_of_claims(value: &str) -> Result<usize, Problem> {
    let count = value.parse::<usize>().ok().filter(|count| *count <= MAX_CLAIMS);
    count
        .ok_or_else(|| Problem::of("claims", format!("must be from 0 to {MAX_CLAIMS}, not {}", quote(value))))
}

/// Reads the claim with this number.
fn claim(claims: &mut Option<Vec<Option<Claim>>>, number: &str, text: &str) -> Result<(), Problem> {
    let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let place = index.and_then(|index| claims.as_mut()?.get_mut(index));
    let Some(place) = place else {
        return Err(Problem::of(
            "claim",
            format!("number {} does not exist; claims= says how many there are", quote(number)),
        ));
    };
    let read = serde_json::from_str(text)
        .map_err(|error| of_claim(index.unwrap_or_default(), &error.to_string()))?;
    *place = Some(read);
    Ok(())
}

/// The pairs without the checksum, if it is there and right.
fn whole(pairs: &[Pair]) -> Result<&[Pair], Problem> {
    let cut =
        || Problem::general("This link is not whole: its end is missing. Copy it again, to the last letter.");
    let Some(((key, sum), rest)) = pairs.split_last() else {
        return Err(cut());
    };
    if key != "sum" || sum.len() != 8 {
        return Err(cut());
    }
    if *sum != checksum(rest) {
        return Err(Problem::general(
            "This link was changed on its way: its checksum does not fit. Copy it again.",
        ));
    }
    Ok(rest)
}

/// The version of the link, the catalog's experiment that it starts from, and the pairs that change it.
fn origin(pairs: &[Pair]) -> Result<(u32, &'static Origin, &[Pair]), Problem> {
    let (version, from, rest) = match pairs {
        [(v, version), (f, from), rest @ ..] if v == "v" && f == "from" => (version, from, rest),
        _ => {
            return Err(Problem::general(
                "This is not the link of an experiment: it must begin with v= and from=.",
            ));
        }
    };
    let Some(version) = version.parse().ok().filter(|version| (1..=VERSION).contains(version)) else {
        return Err(Problem::of("version", format!("must be 1 to {VERSION}, not {}", quote(version))));
    };
    let (id, mark) = from.split_once('.').unwrap_or((from, ""));
    let earlier = || EARLIER.iter().find(|origin| origin.id == id && origin.edition == mark);
    let today = ORIGINS.iter().find(|origin| origin.id == id);
    let Some(origin) = today.filter(|origin| origin.edition == mark).or_else(earlier).or(today) else {
        let hint = suggestion(id, ORIGINS.iter().map(|origin| origin.id));
        return Err(Problem::general(format!("The catalog has no experiment {}{hint}", quote(id))));
    };
    if mark != origin.edition {
        return Err(Problem::general(format!(
            "This link starts from \"{id}\" as another edition of the lab has it; what it leaves out is not known here."
        )));
    }
    Ok((version, origin, rest))
}

/// Another number of variants than the origin has.
fn resize(patches: &mut Vec<Option<Vec<Setting>>>, value: &str) -> Result<(), Problem> {
    let count = value.parse::<usize>().ok().filter(|count| (1..=MAX_VARIANTS).contains(count));
    let count = count.ok_or_else(|| {
        Problem::of("variants", format!("must be from 1 to {}, not {}", MAX_VARIANTS, quote(value)))
    })?;
    patches.resize(count, None);
    Ok(())
}

/// The patch with this number; the first mention of it replaces the origin's.
fn patch_of<'a>(
    patches: &'a mut [Option<Vec<Setting>>],
    number: &str,
) -> Result<&'a mut Vec<Setting>, Problem> {
    let count = patches.len();
    let patch = number.parse::<usize>().ok().and_then(|number| patches.get_mut(number.checked_sub(1)?));
    match patch {
        Some(patch) => Ok(patch.get_or_insert_default()),
        None => {
            Err(Problem::of("variant", format!("number {} does not exist; there are {count}", quote(number))))
        }
    }
}

fn add(settings: &mut Vec<Setting>, path: &str, text: &str) -> Result<(), Problem> {
    let field = known_field(path)?;
    if settings.iter().any(|(other, _)| other.path == field.path) {
        return Err(Problem::of(field.path, "is given twice"));
    }
    settings.push((field, field.parse(text)?));
    Ok(())
}

fn numbered(problem: Problem, number: &str) -> Problem {
    problem.in_variant(number.parse::<usize>().unwrap_or(1).saturating_sub(1))
}

/// Fields that choices got after links had been made from them, with the value that means what was meant before.
const NEWER: [(&str, &str); 2] =
    [("model.initialization.handed_on", "alike"), ("model.tokens.size", "grown")];

/// Four letters that change when a later edition changes what the origin says. Its title does not count, nor does a
/// field that stands at its default: new fields must not break old links.
fn edition(origin: &Experiment) -> String {
    let default = Experiment::new("", origin.task.clone());
    let default = tree::leaves(&default);
    let mut said: Vec<Pair> = tree::leaves(origin)
        .into_iter()
        .filter(|(field, value)| {
            let unsaid = default.iter().any(|(other, usual)| other.path == field.path && usual == value);
            let is_newer = NEWER.contains(&(field.path, field.text(value).as_str()));
            field.path == "task" || (field.path != "title" && !unsaid && !is_newer)
        })
        .map(|(field, value)| (field.path.to_owned(), field.text(&value)))
        .collect();
    for (index, variant) in origin.variants.iter().enumerate() {
        said.push((index.to_string(), String::new()));
        let settings = patch::canonical(&variant.set).unwrap_or_default();
        said.extend(settings.into_iter().map(|(field, value)| (field.path.to_owned(), field.text(&value))));
    }
    checksum(&said)[..4].to_owned()
}

/// FNV-1a with 32 bits over the decoded pairs, so that a program on the way may encode them differently.
fn checksum(pairs: &[Pair]) -> String {
    let text: String = pairs.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    let sum =
        text.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{sum:08x}")
}

fn written(pairs: &[Pair]) -> String {
    let sum = ("sum".to_owned(), checksum(pairs));
    let encoded: Vec<_> =
        pairs.iter().chain([&sum]).map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    encoded.join("&")
}

/// Percent-encoding of all but the characters that need none anywhere in an address (RFC 3986, section 2.3).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn decoded(pair: &str) -> Result<Pair, Problem> {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    match (decode(key), decode(value)) {
        (Some(key), Some(value)) => Ok((key, value)),
        _ => Err(Problem::general(format!(
            "This link is damaged at {}: that is not percent-encoding.",
            quote(pair)
        ))),
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The patch of a variant in a link, for a test of the longest one.
#[cfg(test)]
fn longest_patch(experiment: &Experiment) -> Variant {
    let settings = tree::leaves(experiment)
        .into_iter()
        .filter(|(field, _)| ["task", "model", "training"].iter().any(|root| field.path.starts_with(root)));
    patch::variant_of(settings.collect())
}

#[cfg(test)]
mod tests;
