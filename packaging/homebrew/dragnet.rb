# The formula for a Homebrew tap. `packaging/homebrew/render` replaces the words in @ signs by the
# values of a release.
class Dragnet < Formula
  desc "Search an AWS organization for indicators of compromise, and contain them"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/dragnet-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256:aarch64-apple-darwin@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/dragnet-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256:x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/dragnet-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/dragnet-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "dragnet"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/dragnet.bash" => "dragnet"
    zsh_completion.install "completions/_dragnet"
    fish_completion.install "completions/dragnet.fish"
    pkgshare.install "dragnet.toml", "deploy", "roles"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/dragnet --version")
    # The practice organization has faults, so its sweep is incomplete: exit code 3.
    report = shell_output("#{bin}/dragnet sweep 198.51.100.23 --since 24h --practice 2>&1", 3)
    assert_match "sighting", report
  end
end
