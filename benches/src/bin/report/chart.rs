//! The chart: decoding LLM tokens, a column of bars for each chunk size.

use std::{error::Error, io};

use benches::{
    corpus::Kind,
    decode::{
        Role,
        cell::{Cell, Figure},
    },
    report::size,
};
use plotters::{
    prelude::{IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text},
    style::{
        Color, TextStyle, WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::readme::CHUNKS;

const WIDTH: i32 = 960;
const MARGIN: i32 = 20;
/// Where the columns begin, right of the names.
const LEFT: i32 = 250;
const COLUMN: i32 = (WIDTH - LEFT) / 3;
/// What a column's longest bar takes; the value stands right of it.
const LONGEST: i32 = COLUMN - 82;
const VALUE: i32 = COLUMN - MARGIN;
const TOP: i32 = 102;
const ROW: i32 = 34;
const BAR: i32 = 22;

// What plotters calls a size is 0.81 pixels.
const TITLE: i32 = 30;
const TEXT: i32 = 23;

/// The floor that the aims are stated in.
const SCAN: &str = "memchr2";

const INK: RGBColor = RGBColor(31, 35, 40);
const OURS: RGBColor = RGBColor(9, 105, 218);
const PEER: RGBColor = RGBColor(175, 184, 193);
const FLOOR: RGBColor = RGBColor(188, 76, 0);

/// The SVG.
pub(crate) fn draw(cells: &[Cell]) -> io::Result<String> {
    let columns = CHUNKS.map(|chunk| {
        let mut cells = cells.iter();
        cells.find(|cell| cell.corpus == Kind::Tokens.name() && cell.chunk == chunk)
    });
    let [Some(first), Some(second), Some(third)] = columns else {
        return Err(io::Error::other("the chart needs (a) in all chunk sizes"));
    };
    let columns = [first, second, third];
    let mut rows: Vec<&Figure> = first
        .figures
        .iter()
        .filter(|figure| is_shown(figure))
        .collect();
    rows.sort_by(|a, b| b.mb_per_s.total_cmp(&a.mb_per_s));

    let mut svg = String::new();
    render(&mut svg, columns, &rows).map_err(io::Error::other)?;
    Ok(svg + "\n")
}

fn is_shown(figure: &Figure) -> bool {
    matches!(&*figure.name, "ours" | "ours-str")
        || (figure.role == Role::Peer && figure.wrong.is_none())
}

fn render(
    svg: &mut String,
    columns: [&Cell; 3],
    rows: &[&Figure],
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let bottom = TOP + ROW * rows.len() as i32;
    let height = bottom + ROW + MARGIN;
    let root = SVGBackend::with_string(svg, (WIDTH as u32, height as u32)).into_drawing_area();
    let text = |text: &str, (x, y): (i32, i32), align: HPos, size: i32, color: RGBColor| {
        let style = TextStyle::from(("sans-serif", size).into_font())
            .color(&color)
            .pos(Pos::new(align, VPos::Center));
        root.draw(&Text::new(text.to_owned(), (x, y), style))
    };
    // Not transparent, to be read on a dark page too.
    root.fill(&WHITE)?;
    let title = "Decoding LLM tokens, GB/s (more is better)";
    text(title, (MARGIN, 34), HPos::Left, TITLE, INK)?;

    let middle = |row: usize| TOP + ROW * row as i32 + ROW / 2;
    for (row, figure) in rows.iter().enumerate() {
        let (name, color) = match &*figure.name {
            "ours" => ("sse-codec", OURS),
            "ours-str" => ("sse-codec, as text", OURS),
            peer => (peer, INK),
        };
        text(name, (MARGIN, middle(row)), HPos::Left, TEXT, color)?;
    }
    let below = middle(rows.len());
    text(
        "a scan for line ends",
        (MARGIN, below),
        HPos::Left,
        TEXT,
        FLOOR,
    )?;

    let speeds = columns.iter().flat_map(|cell| &cell.figures);
    let speeds = speeds.filter(|figure| figure.name == SCAN || is_shown(figure));
    let most = speeds.map(|figure| figure.mb_per_s).fold(0.0, f64::max);
    let long = |figure: &Figure| (figure.mb_per_s / most * f64::from(LONGEST)).round() as i32;
    for (column, cell) in columns.into_iter().enumerate() {
        let left = LEFT + COLUMN * column as i32;
        let head = format!("chunks of {}", size(cell.chunk));
        text(&head, (left, TOP - 20), HPos::Left, TEXT, INK)?;
        for (row, figure) in rows.iter().enumerate() {
            let Some(figure) = cell.get(&figure.name) else {
                continue;
            };
            let color = if figure.role == Role::Peer {
                PEER
            } else {
                OURS
            };
            let (top, right) = (middle(row) - BAR / 2, left + long(figure).max(1));
            let bar = Rectangle::new([(left, top), (right, top + BAR)], color.filled());
            root.draw(&bar)?;
            let value = (left + VALUE, middle(row));
            text(&speed(figure), value, HPos::Right, TEXT, INK)?;
        }
        if let Some(scan) = cell.get(SCAN) {
            let x = left + long(scan);
            let line = PathElement::new([(x, TOP), (x, bottom + ROW)], FLOOR.stroke_width(3));
            root.draw(&line)?;
            text(
                &speed(scan),
                (left + VALUE, below),
                HPos::Right,
                TEXT,
                FLOOR,
            )?;
        }
    }
    root.present()?;
    Ok(())
}

fn speed(figure: &Figure) -> String {
    format!("{:.2}", figure.mb_per_s / 1e3)
}
