//! `facade`: the read model anew, and the documents that describe the interface.

use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use clap::{Args, Subcommand};
use runtime::Catalog;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum FacadeCommand {
    /// Builds the read model anew from the log and says whether it was the same. Exits 1 when it was not.
    Rebuild {
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Writes OpenAPI and AsyncAPI documents into a folder.
    Documents(DocumentsArgs),
}

/// Flags of `facade documents`.
#[derive(Args, Debug)]
pub struct DocumentsArgs {
    /// The folder.
    #[arg(long, default_value = "docs/api", value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(command: FacadeCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        FacadeCommand::Rebuild { remote, answer } => rebuild(&remote, answer, session),
        FacadeCommand::Documents(args) => write(&args, session),
    }
}

fn rebuild(remote: &Remote, answer: Answer, session: &Session) -> Result<Exit, CliError> {
    let rebuilt = Client::new(remote)?.post("/v1/rebuild", &json!({}))?;
    let equal = rebuilt["equal"] == true;
    let records = rebuilt["records"].as_u64().unwrap_or(0);
    let text = match equal {
        true => format!("built anew from {records} records; it was the same"),
        false => format!("built anew from {records} records; it was not the same, and is now"),
    };
    session.console.done(answer.output, text, &rebuilt)?;
    Ok(if equal { Exit::Ok } else { Exit::No })
}

/// Name and contents of each document.
fn documents(catalog: &Catalog) -> [(&'static str, Value); 2] {
    [
        ("openapi.json", dashboard_api::openapi_document()),
        ("asyncapi.json", dashboard_api::asyncapi_document(catalog)),
    ]
}

fn write(args: &DocumentsArgs, session: &Session) -> Result<Exit, CliError> {
    let mut files = Vec::new();
    for (name, document) in documents(&session.catalog) {
        let path = args.out.join(name);
        std::fs::create_dir_all(&args.out)
            .and_then(|()| std::fs::write(&path, format!("{document:#}\n")))
            .map_err(|source| CliError::File { path: path.clone(), source })?;
        files.push(path.display().to_string());
    }
    let text = format!("wrote {}", files.join(" and "));
    session.console.done(args.answer.output, text, &json!({ "files": files }))?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_committed_documents_are_those_that_are_made() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api");
        for (name, document) in documents(&agents::catalog()) {
            let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            let same = committed == format!("{document:#}\n");
            assert!(
                same,
                "docs/api/{name} is not what the code makes: aurorasync facade documents"
            );
        }
    }
}
