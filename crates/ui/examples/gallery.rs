//! Writes every sample page with its files, so that they can be looked at without a server:
//! `cargo run -p torana-ui --example gallery -- OUTDIR`.

use std::path::PathBuf;

use torana_ui::{Page, Renderer, assets};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = PathBuf::from(std::env::args().nth(1).ok_or("usage: gallery OUTDIR")?);
    std::fs::create_dir_all(target.join("assets"))?;
    for (path, bytes) in assets::all() {
        std::fs::write(target.join(path.trim_start_matches('/')), bytes)?;
    }
    let renderer = Renderer::new()?;
    for (name, page) in Page::samples() {
        // Opened from a folder, so the paths become relative.
        let html = renderer
            .render(&page)?
            .replace("/assets/", "assets/")
            .replace("&#x2f;assets&#x2f;", "assets/");
        std::fs::write(target.join(format!("{name}.html")), html)?;
    }
    Ok(())
}
