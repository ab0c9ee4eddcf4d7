//! What documents show of the output: the sample and the image of README, and the columns of the files of a run.

use super::commands::run_dragnet;
use super::fences::fences;
use super::read;

/// The first example of README that needs no files.
const EXAMPLE: [&str; 5] = ["sweep", "198.51.100.23", "--since", "24h", "--practice"];

/// Stands for lines that a sample leaves out.
const ELLIPSIS: &str = "…";

/// Returns what the example prints.
fn print_example() -> String {
    let temp = tempfile::tempdir().unwrap();
    run_dragnet(temp.path(), &EXAMPLE).stdout
}

#[test]
fn sample_of_the_readme_is_what_a_sweep_prints() {
    let readme = read("README.md");
    let samples: Vec<_> = fences(&readme)
        .into_iter()
        .filter(|fence| fence.info == "text")
        .collect();
    assert_eq!(samples.len(), 1);
    let stdout = print_example();
    for part in samples[0].text.split("\n…\n") {
        assert!(
            stdout.contains(part.trim_end()),
            "run docs/images/render.py: {part}\n---\n{stdout}"
        );
    }
}

/// Returns the texts of an SVG image that `docs/images/render.py` has made: one in a line.
fn texts(image: &str) -> Vec<String> {
    image
        .lines()
        .filter_map(|line| line.strip_prefix("<text ")?.strip_suffix("</text>"))
        .filter_map(|line| line.split_once('>'))
        .map(|(_, text)| {
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .collect()
}

#[test]
fn image_shows_what_a_sweep_prints() {
    let texts = texts(&read("docs/images/sweep.svg"));
    let command = format!("$ dragnet {}", EXAMPLE.join(" "));
    assert_eq!(texts[0], command);
    let stdout = print_example();
    for text in &texts[1..] {
        assert!(
            text == ELLIPSIS || stdout.contains(text.as_str()),
            "run docs/images/render.py: {text}\n---\n{stdout}"
        );
    }
    let verdict = stdout.trim_end().rsplit("\n\n").next().unwrap();
    for line in verdict.lines() {
        assert!(
            texts.iter().any(|text| text == line),
            "run docs/images/render.py: {line}"
        );
    }
}

#[test]
fn texts_of_an_image_are_read() {
    let image = "<svg>\n<text x=\"1\" fill=\"#000\">a &lt;b&gt; &amp; c</text>\n</svg>\n";
    assert_eq!(texts(image), ["a <b> & c"]);
}

/// Returns the files in the table below the heading `Columns`, with their columns.
fn documented_columns(document: &str) -> Vec<(String, Vec<String>)> {
    let section = document.split("\n## Columns\n").nth(1).unwrap();
    section
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut names = line.split('`').skip(1).step_by(2).map(str::to_owned);
            (names.next().unwrap(), names.collect())
        })
        .collect()
}

#[test]
fn columns_of_the_files_of_a_run_are_documented() {
    let temp = tempfile::tempdir().unwrap();
    let sweep = ["sweep", "198.51.100.23", "--account", "dev", "--practice"];
    assert_eq!(run_dragnet(temp.path(), &sweep).code, Some(0));
    let mut runs = std::fs::read_dir(temp.path().join("runs")).unwrap();
    let run = runs.next().unwrap().unwrap().path();
    let documented = documented_columns(&read("docs/output-files.md"));
    let mut count = 0;
    for entry in std::fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        count += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let columns: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let (_, expected) = documented
            .iter()
            .find(|(file, _)| file == name)
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        assert_eq!(columns, *expected, "{name}");
    }
    assert_eq!(count, documented.len());
}
