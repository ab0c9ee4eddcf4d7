//! The completion scripts: those that clap generates, extended by a function that first asks
//! `dragnet completions SHELL -- WORDS` for the values that only the program knows.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Arguments;

/// Completes hunts, runs, accounts and Regions in bash; the function of clap completes the rest.
/// The values contain no blanks and no special characters. The program is taken from `PATH`, so
/// that completing `./dragnet` does not run a file of the working directory.
const BASH: &str = r#"
_dragnet_values() {
    local IFS=$'\n'
    COMPREPLY=($(dragnet completions bash -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$2" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
        IFS=$' \t\n'
        _dragnet "$@"
    fi
}
"#;

/// The same for zsh. The file is loaded as the function `_dragnet`, so this function has that name,
/// and the function of clap has another one.
const ZSH: &str = r#"
_dragnet() {
    local line value
    local -a described
    for line in "${(@f)$(dragnet completions zsh -- "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
        value=${line%%$'\t'*}
        [[ -n $value ]] && described+=("$value:${line#*$'\t'}")
    done
    if (( $#described )); then
        _describe 'value' described
    else
        _dragnet_static "$@"
    fi
}
"#;

/// The same for fish, where an option and a value without an option are completed separately.
const FISH: &str = r#"
function __dragnet_values
    set -l earlier (commandline -opc)
    set -e earlier[1]
    set -l current (commandline -ct)
    command dragnet completions fish -- $earlier "$current" 2>/dev/null
end

function __dragnet_has_values
    __dragnet_values | string length -q
end

complete -c dragnet -n __dragnet_has_values -f -a '(__dragnet_values)'
"#;

/// The options whose values the program completes.
const FISH_OPTIONS: [&str; 6] = [
    "account",
    "exclude-account",
    "region",
    "exclude-region",
    "hunt",
    "from-run",
];

/// Returns the completion script for a shell.
pub(super) fn completion_script(shell: Shell) -> String {
    let script = static_script(shell);
    match shell {
        Shell::Bash => with_bash_values(&script),
        Shell::Zsh => with_zsh_values(&script),
        Shell::Fish => with_fish_values(&script),
        _ => script,
    }
}

/// Returns the script that clap generates.
fn static_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "dragnet", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn with_bash_values(script: &str) -> String {
    let registered = script.replace("complete -F _dragnet ", "complete -F _dragnet_values ");
    format!("{}\n{registered}", BASH.trim())
}

fn with_zsh_values(script: &str) -> String {
    const DEFINITION: &str = "\n_dragnet() {\n";
    const START: &str = "\nif [ \"$funcstack[1]\" = \"_dragnet\" ]; then\n";
    script
        .replacen(DEFINITION, "\n_dragnet_static() {\n", 1)
        .replacen(START, &format!("{ZSH}{START}"), 1)
}

fn with_fish_values(script: &str) -> String {
    let options = FISH_OPTIONS.map(|option| {
        format!(
            "complete -c dragnet -n __dragnet_has_values -l {option} -x -a '(__dragnet_values)'\n"
        )
    });
    format!("{script}{FISH}{}", options.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::completion::CompletionRequest;

    /// The scripts are edited as text, which has no effect if clap generates another text.
    #[test]
    fn scripts_register_the_function_that_asks_the_program() {
        let bash = completion_script(Shell::Bash);
        assert!(bash.contains("complete -F _dragnet_values -o"), "{bash}");
        assert!(!bash.contains("complete -F _dragnet -o"), "{bash}");
        let zsh = completion_script(Shell::Zsh);
        assert!(zsh.starts_with("#compdef dragnet\n"), "{zsh}");
        assert_eq!(zsh.matches("\n_dragnet() {\n").count(), 1, "{zsh}");
        assert_eq!(zsh.matches("\n_dragnet_static() {\n").count(), 1, "{zsh}");
        let wrapper = zsh.find("dragnet completions zsh --").unwrap();
        assert!(wrapper < zsh.find("compdef _dragnet dragnet").unwrap());
        let fish = completion_script(Shell::Fish);
        assert!(fish.contains("-l account -x -a '(__dragnet_values)'"));
    }

    #[test]
    fn fish_knows_every_option_with_such_values() {
        fn add_options(command: &clap::Command, options: &mut Vec<String>) {
            for long in command.get_opts().filter_map(clap::Arg::get_long) {
                let path = command.get_display_name().unwrap_or_default();
                let mut line: Vec<String> = path.split('-').skip(1).map(str::to_owned).collect();
                line.push(format!("--{long}="));
                if CompletionRequest::from_words(&line).is_some() {
                    options.push(long.to_owned());
                }
            }
            for subcommand in command.get_subcommands() {
                add_options(subcommand, options);
            }
        }
        let mut root = Arguments::command();
        root.build();
        let mut options = Vec::new();
        add_options(&root, &mut options);
        options.sort();
        options.dedup();
        let mut expected = FISH_OPTIONS;
        expected.sort_unstable();
        assert_eq!(options, expected);
    }
}
