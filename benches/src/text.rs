//! Text that looks like what streams carry: words of several scripts and JSON of a language model.

use crate::Rng;

/// The letters a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Ascii,
    /// Passages in one language each: three in four English with a dash or an accent now and then,
    /// the others in nine more languages.
    Mixed,
}

/// Appends words until `len` bytes are full, to the byte: what is left over is letters.
pub(crate) fn words(rng: &mut Rng, script: Script, len: usize, out: &mut String) {
    let end = out.len() + len;
    while out.len() < end {
        let passage = (out.len() + rng.between(200, 600)).min(end);
        let world = script == Script::Mixed && rng.one_in(4);
        let language = if world {
            WORLD[rng.between(0, WORLD.len() - 1)]
        } else {
            ENGLISH
        };
        while out.len() < passage {
            let word = match script {
                Script::Mixed if rng.one_in(40) => rng.pick(EVERYWHERE),
                _ => rng.pick(language),
            };
            if word.len() <= end - out.len() {
                out.push_str(word);
            } else {
                letters(rng, end - out.len(), out);
            }
        }
    }
}

/// Appends `len` lower-case letters.
pub(crate) fn letters(rng: &mut Rng, len: usize, out: &mut String) {
    out.extend((0..len).map(|_| char::from(b'a' + rng.between(0, 25) as u8)));
}

/// One chunk of a chat completion as JSON on one line, `min` to `max` bytes long (both at least
/// 150).
pub(crate) fn token_json(rng: &mut Rng, script: Script, min: usize, max: usize) -> String {
    let len = rng.between(min, max);
    let head = format!(
        r#"{{"id":"chatcmpl-{:08x}","object":"chat.completion.chunk","created":17636{:05},"choices":[{{"index":0,"delta":{{"content":""#,
        rng.bits() as u32,
        rng.between(0, 99_999),
    );
    let tail = rng.pick(TAILS);
    let mut json = String::with_capacity(len);
    json.push_str(&head);
    words(
        rng,
        script,
        len.saturating_sub(head.len() + tail.len()),
        &mut json,
    );
    json.push_str(tail);
    json
}

const TAILS: &[&str] = &[r#""}}]}"#, r#""},"logprobs":null}]}"#, r#"\n\n"}}]}"#];

const ENGLISH: &[&str] = &[
    " the",
    " of",
    " stream",
    " and",
    " to",
    " a",
    " token",
    " in",
    " is",
    " server",
    " that",
    " event",
    " it",
    " was",
    " for",
    " on",
    " are",
    " with",
    " as",
    " response",
    " at",
    " be",
    " this",
    " have",
    " from",
    " or",
    " one",
    " had",
    " by",
    " word",
    " but",
    " not",
    " what",
    " all",
    " were",
    " we",
    " when",
    " your",
    " can",
    " said",
    " there",
    ",",
    ".",
    " use",
    " an",
    " each",
    " which",
    " she",
    " do",
    " how",
    " their",
    " if",
    " will",
    " up",
    " other",
    " about",
    " out",
    " many",
    " then",
    " them",
    " these",
    " so",
    " some",
    " her",
    " would",
    " make",
    " like",
    " him",
    " into",
    " time",
    " has",
    " look",
    " two",
    " more",
    r#" \"quoted\""#,
    r"\n",
];

/// What stands in texts of every language.
const EVERYWHERE: &[&str] = &[
    " —", "…", " café", "’s", " 🙂", " naïve", " 🚀", " °C", " €",
];

const WORLD: [&[&str]; 9] = [
    &[
        " Größe", " für", " die", " und", " über", " Server", " schön", " Daten", " nicht",
        " später",
    ],
    &[
        " déjà",
        " été",
        " les",
        " données",
        " avec",
        " où",
        " être",
        " serveur",
        " très",
        " à",
    ],
    &[
        " señal",
        " año",
        " los",
        " datos",
        " está",
        " más",
        " según",
        " por",
        " servidor",
        " qué",
    ],
    &[
        " поток",
        " событие",
        " и",
        " сервер",
        " это",
        " данные",
        " не",
        " слово",
        " время",
        ".",
    ],
    &[
        " γλώσσα",
        " και",
        " το",
        " δεδομένα",
        " είναι",
        " λέξη",
        " χρόνος",
        " ένα",
        "·",
    ],
    &[
        "你好",
        "世界",
        "数据流",
        "的",
        "服务器",
        "我们",
        "是",
        "事件",
        "，",
        "。",
        "可以",
    ],
    &[
        "こんにちは",
        "データ",
        "です",
        "の",
        "サーバー",
        "、",
        "。",
        "言葉",
        "時間",
    ],
    &[
        " 한국어",
        " 서버",
        " 데이터",
        " 그리고",
        " 단어",
        " 시간",
        " 있습니다",
        ".",
    ],
    &[
        " مرحبا",
        " بيانات",
        " خادم",
        " في",
        " كلمة",
        " وقت",
        " هذا",
        "،",
    ],
];
