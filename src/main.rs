//! The program: everything is in the library.

fn main() -> std::process::ExitCode {
    kpi_exporter::cli::main()
}
