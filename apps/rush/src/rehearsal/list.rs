//! One concert out of the list that `boxoffice concerts export` writes.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A concert to be imported.
pub struct Copy {
    /// As a list.
    pub text: String,
    /// How many seats all of its dates have.
    pub seats: usize,
}

/// The concert with this title or key. Its sales are open at once, and its dates far away, so that
/// it can be rehearsed whenever it is played.
pub fn copy(exported: &str, wanted: &str) -> Result<Copy> {
    let list: Value = serde_json::from_str(exported).context("the exported list is not JSON")?;
    let mut concerts = list["concerts"].as_array().into_iter().flatten();
    let concert = concerts.find(|concert| concert["title"] == wanted || concert["key"] == wanted);
    let mut concert = concert
        .cloned()
        .with_context(|| format!("there is no concert with the title or key \"{wanted}\""))?;
    let dates = concert["dates"].as_array_mut();
    let dates = dates.context("a concert without dates")?;
    ensure!(!dates.is_empty(), "\"{wanted}\" has no dates yet");
    let mut seats = 0;
    for (day, date) in dates.iter_mut().enumerate() {
        let date = date.as_object_mut().context("a date that is none")?;
        date.remove("sales_open_at");
        date.insert("starts_at".to_owned(), json!(far_away(day)));
        seats += date["seats"].as_array().map_or(0, |blocks| size(blocks));
    }
    Ok(Copy {
        text: json!({ "concerts": [concert] }).to_string(),
        seats,
    })
}

fn far_away(day: usize) -> String {
    let (month, day) = (1 + day / 28 % 12, 1 + day % 28);
    format!("2999-{month:02}-{day:02}T20:00:00+09:00")
}

fn size(blocks: &[Value]) -> usize {
    let size = |block: &Value| {
        let (from, to) = (block["from"].as_u64()?, block["to"].as_u64()?);
        usize::try_from((to + 1).checked_sub(from)?).ok()
    };
    blocks.iter().filter_map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"concerts":[
        {"key":"a","title":"One","venue":"V","dates":[
            {"starts_at":"2020-01-01T20:00:00+09:00","sales_open_at":"2019-01-01T00:00:00Z",
             "seats":[{"grade":"R","price":1,"from":1,"to":20},{"grade":"S","price":1,"from":21,"to":50}]}]},
        {"key":"b","title":"Two","venue":"V","dates":[]}]}"#;

    #[test]
    fn a_concert_is_copied_by_title_or_key_and_is_on_sale_at_once() {
        for wanted in ["One", "a"] {
            let copy = copy(LIST, wanted).unwrap();
            assert_eq!(copy.seats, 50);
            assert!(copy.text.contains("2999-01-01T20:00:00+09:00"));
            assert!(!copy.text.contains("sales_open_at") && !copy.text.contains("Two"));
        }
    }

    #[test]
    fn what_cannot_be_rehearsed_is_said() {
        let said = |wanted| copy(LIST, wanted).err().unwrap().to_string();
        assert!(said("Three").contains("no concert with the title or key \"Three\""));
        assert!(said("Two").contains("no dates yet"));
    }
}
