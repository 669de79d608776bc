//! What is read of what the tables measured: the README's part with the figures, its chart, and
//! the whole tables in `benches/figures`, all made of the JSON that lies there.

use std::{env, fs, io, path::Path, process};

use benches::{
    decode::{cell::Cell, table},
    encode::table::Figures,
    report::{Report, Table, read_json},
    sizes::sizes,
};

mod chart;
mod readme;

const USAGE: &str = "\
report [--check]

Writes the figures into README.md and benches/figures; with --check only says where they differ.";

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let check = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => {
            eprintln!("{USAGE}");
            process::exit(2)
        }
    };
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let decode: Report<Vec<Cell>> = read_json(&root.join("benches/figures/decode.json"))?;
    let encode: Report<Figures> = read_json(&root.join("benches/figures/encode.json"))?;
    let readme = fs::read_to_string(root.join("README.md"))?;
    let files = [
        (
            "README.md",
            readme::with_figures(&readme, &decode, &encode)?,
        ),
        ("benches/figures/decode.svg", chart::draw(&decode.figures)?),
        (
            "benches/figures/decode.md",
            format!("# Decode\n\n{}{}", decode.head, table::all(&decode.figures)),
        ),
        (
            "benches/figures/encode.md",
            format!("# Encode\n\n{}{}", encode.head, encode.figures.all()),
        ),
        ("benches/figures/sizes.md", sizes_table()),
    ];
    let mut same = true;
    for (name, made) in files {
        let path = root.join(name);
        if !check {
            fs::write(path, made)?;
            println!("Written: {name}");
        } else if let Some(difference) = difference(&fs::read_to_string(path)?, &made) {
            eprintln!("{name}{difference}");
            same = false;
        }
    }
    if !same {
        eprintln!(
            "\nThese figures are made by a program and not by hand: `sh benches/tables.sh report` \
             writes them\nagain, of benches/figures/*.json."
        );
        process::exit(1)
    }
    Ok(())
}

/// The first line that differs.
fn difference(is: &str, made: &str) -> Option<String> {
    let count = is.lines().count().max(made.lines().count());
    let mut lines = (0..count).map(|line| (line, is.lines().nth(line), made.lines().nth(line)));
    let (line, is, made) = lines.find(|(_, is, made)| is != made)?;
    let (line, is, made) = (line + 1, is.unwrap_or_default(), made.unwrap_or_default());
    Some(format!(":{line}\n     is: {is}\n  makes: {made}"))
}

fn sizes_table() -> String {
    let mut table = Table::new(&["state", "bytes"]);
    for (what, bytes) in sizes() {
        table.row([what.to_owned(), bytes.to_string()]);
    }
    format!(
        "# Sizes\n\nOn {} bits, with `std` and `simd`.\n\n{table}",
        usize::BITS
    )
}
