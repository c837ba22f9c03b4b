//! The suites inside this binary: `demo` runs them, `init` writes them.

macro_rules! files {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../../suites/", $path))),)*]
    };
}

/// Every file below `suites/`, with its text.
pub const FILES: &[(&str, &str)] = files![
    "00-preflight/runner.yaml",
    "00-preflight/target.yaml",
    "10-connectivity/addresses.yaml",
    "10-connectivity/connector.yaml",
    "10-connectivity/http.yaml",
    "10-connectivity/routes.yaml",
    "10-connectivity/soak.yaml",
    "15-platform/cloud-run.yaml",
    "15-platform/cloud-sql.yaml",
    "15-platform/ecs.yaml",
    "15-platform/kubernetes.yaml",
    "15-platform/logs.yaml",
    "15-platform/secrets.yaml",
    "20-startup/endpoint.yaml",
    "20-startup/starts.yaml",
    "30-database/access.yaml",
    "30-database/data.yaml",
    "30-database/load.yaml",
    "30-database/stores.yaml",
    "40-agents/agents.yaml",
    "40-agents/auth.yaml",
    "40-agents/strangers.yaml",
    "40-agents/websocket.yaml",
    "allclear.yaml",
    "sessions.yaml",
    "targets/demo.yaml",
    "targets/staging.yaml",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_inside() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
        let listed = super::super::read::list(&root, &mut crate::yaml::Diagnostics::default());
        let on_disk: Vec<String> = listed.into_iter().map(|file| file.below).collect();
        let mut inside: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        inside.sort_unstable();
        assert_eq!(inside, on_disk);
    }
}
