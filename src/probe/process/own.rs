//! The one program that may be started without `--allow-commands`: this one, as the startup service of the embedded environment.

use crate::probe::argv::Argv;
use crate::probe::pairs::Pairs;

/// The first argument by which this program is the startup service; the embedded environment, which shares no code with what
/// looks at it, has the same.
pub const SERVICE_FLAG: &str = "--demo-service";

/// What the service is told by its environment. Other names say to whoever links and runs programs what else to do.
const TOLD: [&str; 3] = ["PORT", "DATABASE_URL", "SECRET_KEY"];

/// Whether it is. Whatever follows its flag it opens a port of 127.0.0.1 and ends when it is asked to: nothing is done by it that
/// this program does not do for every run of the embedded environment.
pub(super) fn is_own(argv: &Argv, env: &Pairs) -> bool {
    let (program, arguments) = argv.split();
    arguments.first().is_some_and(|first| first == SERVICE_FLAG)
        && env.0.iter().all(|(name, _)| TOLD.contains(&name.as_str()))
        && std::env::current_exe().is_ok_and(|own| own.as_os_str() == program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Probe;
    use crate::probe::process::Process;
    use crate::probe::testing::read;

    fn needs(argv: &[&str], env: &str) -> bool {
        let probe: Process = read(&format!("{{ argv: {argv:?}, env: {env} }}"));
        probe.needs().commands
    }

    #[test]
    fn only_this_program_as_the_service_needs_no_permission() {
        let own = std::env::current_exe().unwrap();
        let own = own.to_str().unwrap();
        assert!(!needs(
            &[own, SERVICE_FLAG, "--fault", "none"],
            "{ PORT: 1 }"
        ));
        for argv in [
            &[own][..],
            &[own, "run", SERVICE_FLAG],
            &["/bin/sh", SERVICE_FLAG],
            &["./allclear", SERVICE_FLAG],
        ] {
            assert!(needs(argv, "{}"), "{argv:?}");
        }
        for name in ["LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "port"] {
            assert!(
                needs(&[own, SERVICE_FLAG], &format!("{{ {name}: x }}")),
                "{name}"
            );
        }
    }
}
