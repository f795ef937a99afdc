//! A part with other sizes of pages than ours, for `metrics::tests::probes`.

use std::io::Write;

use chunks::Chunk;
use signals::Labels;

use super::PartSummary;
use super::file::PartFile;
use super::schema;
use crate::StoreError;

#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLayout {
    pub(crate) chunk_page_bytes: usize,
    pub(crate) write_batch_rows: usize,
}

/// Writes rows, which must be in order, without aggregates.
pub(crate) fn write_rows<'a, W: Write + Send>(
    rows: impl Iterator<Item = (Labels, &'a Chunk)>,
    layout: PageLayout,
    sink: W,
) -> Result<PartSummary, StoreError> {
    let properties = schema::properties(schema::ROW_GROUP_BYTES)
        .into_builder()
        .set_write_batch_size(layout.write_batch_rows)
        .set_column_data_page_size_limit(schema::CHUNK.into(), layout.chunk_page_bytes)
        .build();
    let mut file = PartFile::with_properties(sink, String::new(), properties)?;
    for (labels, chunk) in rows {
        file.push_samples(&labels, chunk, None)?;
    }
    file.finish()
}
