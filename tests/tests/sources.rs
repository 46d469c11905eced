//! Networks that start from other trainings: trained once, kept by the browser, refused where a byte was changed.

use anyhow::{Result, ensure};
use kappa_core::spec::{Experiment, Variant, set_path};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};

/// Attention that has learned a rule beside attention that has not; the source takes so many steps.
fn with_source(steps: u32) -> Experiment {
    let mut experiment = tiny(12);
    let source =
        format!("source.1.set=task=procedural task.symbols=8 task.sequence_length=4 training.steps={steps}");
    for setting in
        ["task=haystack", "task.keys=4", "task.test=128", "seeds.count=2", "source.1.called=Rules", &source]
    {
        set_path(&mut experiment, setting).expect("a valid setting");
    }
    let take = |parts: &str| Variant { set: [("source.1.take".to_owned(), parts.into())].into() };
    experiment.variants = vec![Variant::default(), take("attention"), take("attention, mlp")];
    experiment.claims.clear();
    assert_eq!(experiment.check(), Ok(()));
    experiment
}

fn run(lab: &Lab, experiment: &Experiment) -> Result<Vec<Vec<Vec<f64>>>> {
    lab.open(experiment)?;
    lab.choose_device("cpu")?;
    lab.click("start")?;
    lab.finishes(240)?;
    (0..3).map(|variant| lab.losses(variant)).collect()
}

/// Steps of sources that were told of.
fn trained(lab: &Lab) -> Result<usize> {
    let steps = |event: &serde_json::Value| event["losses"].as_array().map_or(0, Vec::len);
    Ok(lab.events("Preparing")?.iter().map(steps).sum())
}

#[test]
fn a_source_trains_once_is_kept_over_a_reload_and_refused_with_a_changed_byte() {
    in_browser(Gpu::Absent, "sources", |lab| {
        let experiment = with_source(20);
        let first = run(lab, &experiment)?;
        ensure!(trained(lab)? == 20, "once, for two variants: {}", trained(lab)?);
        let told = lab.text("sources")?;
        ensure!(told.contains("Source: Rules") && told.contains("step 20 of 20"), "{told}");
        let picture = lab.text("origins")?;
        ensure!(picture.contains("attention from Rules"), "{picture}");
        lab.browser.screenshot("sources")?;

        let again = run(lab, &experiment)?;
        ensure!(trained(lab)? == 0, "it was kept");
        ensure!(lab.text("reused")?.starts_with("2 of 2 sources"), "{}", lab.text("reused")?);
        ensure!(again == first, "the same numbers");

        lab.browser.ask(
            "return (async () => { \
                const store = await caches.open('kappa-sources'); \
                const key = (await store.keys())[0]; \
                const bytes = new Uint8Array(await (await store.match(key)).arrayBuffer()); \
                bytes[bytes.length - 1] ^= 1; \
                await store.put(key, new Response(bytes, { headers: { 'content-length': String(bytes.length) } })); \
                return true; \
            })()",
        )?;
        let third = run(lab, &experiment)?;
        ensure!(trained(lab)? == 20, "one seed was trained anew: {}", trained(lab)?);
        ensure!(lab.text("reused")?.starts_with("1 of 2 sources"), "{}", lab.text("reused")?);
        ensure!(third == first, "the same numbers");
        Ok(())
    });
}

#[test]
fn what_is_kept_is_listed_removed_and_brought_back() {
    in_browser(Gpu::Absent, "kept-sources", |lab| {
        let experiment = with_source(20);
        run(lab, &experiment)?;
        lab.browser.ask("document.querySelector('[data-testid=kept-sources] summary').click()")?;
        let sum =
            |start: &str| lab.wait(start, 20, || Ok(lab.text("kept-sum")?.starts_with(start).then_some(())));
        sum("2 kept")?;
        let list = lab.text("kept-list")?;
        for seed in ["seed 0", "seed 1"] {
            let words = format!("procedural (identity), 20 steps, {seed}, accuracy ");
            ensure!(list.contains(&words), "{words}: {list}");
        }
        lab.browser.screenshot("kept-sources")?;

        // One is put aside, as a file that was exported would be; a picture is no source.
        lab.browser.ask(
            "return (async () => { \
                const store = await caches.open('kappa-sources'); \
                window.aside = await (await store.match((await store.keys())[0])).blob(); \
                return true; \
            })()",
        )?;
        lab.click("kept-delete-all")?;
        sum("0 kept")?;
        let import = |file: &str| {
            lab.browser.ask(&format!(
                "const files = new DataTransfer(); files.items.add({file}); \
                 const input = document.querySelector('[data-testid=kept-import]'); \
                 input.files = files.files; input.dispatchEvent(new Event('change', {{ bubbles: true }}));"
            ))
        };
        import("new File(['GIF89a, and no more than that'], 'picture.gif')")?;
        lab.wait("a refusal", 20, || {
            Ok(lab.text("kept-said")?.contains("it is not a source that this program kept").then_some(()))
        })?;
        import("new File([window.aside], 'aside.safetensors')")?;
        sum("1 kept")?;
        lab.click("start")?;
        lab.finishes(240)?;
        ensure!(lab.text("reused")?.starts_with("1 of 2 sources"), "{}", lab.text("reused")?);
        sum("2 kept")
    });
}

#[test]
fn a_pause_in_the_middle_of_a_source_changes_no_number() {
    in_browser(Gpu::Absent, "paused-in-a-source", |lab| {
        // So many steps that the pause comes in the middle of them on a fast machine too.
        let experiment = with_source(1000);
        lab.open(&experiment)?;
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.wait("some steps of the source", 120, || Ok((trained(lab)? >= 5).then_some(())))?;
        lab.click("pause")?;
        lab.says("Paused.", 60)?;
        ensure!(lab.events("Progress")?.is_empty(), "no variant has begun");
        lab.click("resume")?;
        lab.finishes(240)?;
        let paused: Vec<_> = (0..3).map(|variant| lab.losses(variant)).collect::<Result<_>>()?;
        let whole = run(lab, &experiment)?;
        ensure!(paused == whole, "a pause changes nothing");
        Ok(())
    });
}
