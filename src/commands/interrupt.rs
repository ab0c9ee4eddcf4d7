//! Handling of signals that end a command: Ctrl-C, `SIGTERM` and `SIGHUP` have the same effect.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::host_environment::HostEnvironment;
use super::print_note;
use crate::progress::Reporter;
use crate::settings::ProgressStyle;

/// `SIGXFSZ` on Linux, macOS and the BSDs: a file exceeded the file size limit of the process.
const FILE_SIZE_EXCEEDED: i32 = 25;

/// The exit code of an interrupted command.
const INTERRUPTED: i32 = 130;

/// Interrupts a command, so that its results can still be written.
#[derive(Clone, Debug)]
pub struct Interrupt {
    token: CancellationToken,
    /// `None` if runs are not announced, because they belong to a larger command.
    host: Option<HostEnvironment>,
    /// What continues the command; `None` if `dragnet resume` does.
    continued_by: Option<&'static str>,
    /// The run whose progress is shown.
    run: Arc<Mutex<Option<ShownRun>>>,
}

/// A run whose progress is shown on stderr.
#[derive(Debug)]
struct ShownRun {
    directory: PathBuf,
    reporter: Reporter,
}

impl From<CancellationToken> for Interrupt {
    /// Cancelling the token interrupts the command without a message.
    fn from(token: CancellationToken) -> Self {
        Self {
            token,
            host: None,
            continued_by: None,
            run: Arc::default(),
        }
    }
}

impl Interrupt {
    /// The first signal interrupts the command, so that the results can be written; a second one
    /// ends the process. Called only after the last prompt for an MFA code, because at that prompt
    /// Ctrl-C must end the command directly.
    ///
    /// From then on, exceeding the file size limit is an I/O error like a full disk. Without a
    /// signal handler it would kill the process.
    pub(super) fn from_signals(host: &HostEnvironment) -> Self {
        Self {
            host: Some(host.clone()),
            ..Self::from(CancellationToken::new())
        }
        .listening()
    }

    /// The same for a command that `dragnet resume` does not continue. `continued_by` says what
    /// does.
    pub(super) fn from_signals_of(host: &HostEnvironment, continued_by: &'static str) -> Self {
        Self {
            host: Some(host.clone()),
            continued_by: Some(continued_by),
            ..Self::from(CancellationToken::new())
        }
        .listening()
    }

    fn listening(self) -> Self {
        // If the handler cannot be installed, only the handling of the file size limit is missing.
        _ = signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED));
        match EndSignals::listen() {
            Ok(signals) => _ = tokio::spawn(wait_for_signals(self.clone(), signals)),
            Err(error) => tracing::warn!("a signal ends the command without results: {error}"),
        }
        self
    }

    /// Returns the token that is cancelled when the command is interrupted.
    pub(super) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Prints the id and the directory of a run that starts or is resumed.
    pub(super) fn announce_run(&self, directory: &Path, progress: ProgressStyle) {
        let Some(host) = &self.host else { return };
        let id = directory.file_name().unwrap_or_default();
        if progress != ProgressStyle::None {
            print_note(&format!(
                "Run {} in {}",
                id.display(),
                host.display_path(directory)
            ));
        }
    }

    /// Sets the run whose progress is shown, until [`Self::end_progress`] or an interruption.
    pub(super) fn show_progress(&self, directory: &Path, reporter: Reporter) {
        *self.run.lock() = Some(ShownRun {
            directory: directory.to_owned(),
            reporter,
        });
    }

    /// Ends the display of the progress, if it is still shown.
    pub(super) async fn end_progress(&self) {
        if let Some(run) = self.take_run() {
            run.reporter.finish().await;
        }
    }

    fn take_run(&self) -> Option<ShownRun> {
        self.run.lock().take()
    }

    /// Prints how the interrupted command ends and how to continue it.
    async fn acknowledge(&self) {
        let Some(ShownRun {
            directory,
            reporter,
        }) = self.take_run()
        else {
            print_note(
                "Interrupted: finishing what is in flight; press Ctrl-C again to end at once.",
            );
            return;
        };
        // Clearing the bar after the message would erase the message.
        reporter.finish().await;
        let next = if is_lost(&directory) {
            let directory = directory.display();
            format!("its directory {directory} was removed, so it cannot be resumed")
        } else if let Some(text) = self.continued_by {
            text.to_owned()
        } else {
            let name = self.host.as_ref().map(|host| host.run_name(&directory));
            let name = name.unwrap_or_else(|| directory.display().to_string());
            format!("`dragnet resume {name}` continues")
        };
        print_note(&format!(
            "Interrupted: finishing pages in flight; press Ctrl-C again to end at once; {next}"
        ));
    }
}

/// Whether the directory of a run, or its database, does not exist any more.
pub(super) fn is_lost(directory: &Path) -> bool {
    matches!(directory.join("run.db").try_exists(), Ok(false))
}

/// Returns a token that the first signal cancels, for commands that show no run; a second signal
/// ends the process.
pub(super) fn token_cancelled_on_signals() -> CancellationToken {
    Interrupt::from(CancellationToken::new())
        .listening()
        .token()
}

/// Ends the process with a note at the first signal, for commands whose journal says at any time how
/// to continue.
pub(super) fn exit_on_signals(note: String) {
    match EndSignals::listen() {
        Ok(signals) => _ = tokio::spawn(exit_at_signal(signals, note)),
        Err(error) => tracing::warn!("a signal ends the command without a message: {error}"),
    }
}

async fn exit_at_signal(mut signals: EndSignals, note: String) {
    signals.next().await;
    print_note(&note);
    std::process::exit(INTERRUPTED);
}

async fn wait_for_signals(interrupt: Interrupt, mut signals: EndSignals) {
    signals.next().await;
    let interrupted = async {
        interrupt.acknowledge().await;
        interrupt.token.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = interrupted => {}
        () = signals.next() => {}
    }
    std::process::exit(INTERRUPTED);
}

/// The signals that ask a process to end.
struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` if the process was started to ignore it.
    hang_up: Option<Signal>,
}

impl EndSignals {
    fn listen() -> std::io::Result<Self> {
        let hang_up = if is_ignored(SignalKind::hangup()) {
            None
        } else {
            Some(signal(SignalKind::hangup())?)
        };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up,
        })
    }

    async fn next(&mut self) {
        let Self {
            interrupt,
            terminate,
            hang_up,
        } = self;
        let hung_up = async {
            match hang_up {
                Some(signal) => _ = signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hung_up => {}
        }
    }
}

/// Whether the process was started to ignore a signal: `nohup` ignores `SIGHUP`, so that a command
/// outlives its terminal. Only Linux shows that; elsewhere the signal is handled.
///
/// Source: `proc_pid_status(5)`, "`SigIgn`".
fn is_ignored(kind: SignalKind) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    ignored_signals(&status).is_some_and(|mask| {
        let bit = u32::try_from(kind.as_raw_value() - 1).ok();
        bit.and_then(|bit| mask.checked_shr(bit))
            .is_some_and(|mask| mask & 1 == 1)
    })
}

/// Returns the mask of the ignored signals, whose lowest bit is signal 1.
fn ignored_signals(status: &str) -> Option<u64> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_of_ignored_signals_is_read() {
        let status = "Name:\tdragnet\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_signals(status), Some(0x1001));
        assert_eq!(ignored_signals("Name:\tdragnet\n"), None);
    }

    #[test]
    fn removed_run_is_lost() {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("run");
        assert!(is_lost(&directory));
        std::fs::create_dir(&directory).unwrap();
        assert!(is_lost(&directory));
        std::fs::write(directory.join("run.db"), "").unwrap();
        assert!(!is_lost(&directory));
    }
}
