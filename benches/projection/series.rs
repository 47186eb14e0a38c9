//! Reading the series: one line each, `set,name,value,value,…`.

/// A monthly series.
pub(crate) struct Series {
    pub(crate) set: String,
    name: String,
    pub(crate) values: Vec<f64>,
}

/// All series of a file.
pub(crate) fn read(file: &str) -> Result<Vec<Series>, String> {
    #[expect(clippy::disallowed_methods, reason = "a file that the user names and this made")]
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            parse(line).ok_or_else(|| format!("{file}:{}: expected set,name,numbers", index + 1))
        })
        .collect()
}

fn parse(line: &str) -> Option<Series> {
    let mut fields = line.split(',');
    let (set, name) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    let values = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
    Some(Series { set, name, values })
}

impl Series {
    /// Half of the series by a hash of the name (FNV-1a): constants may be chosen on these only.
    pub(crate) fn for_tuning(&self) -> bool {
        let name = self.set.bytes().chain(self.name.bytes());
        let hash = name.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 0
    }
}
