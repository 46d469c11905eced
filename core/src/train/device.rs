//! Where training runs, and why there.

use burn::tensor::Device;

#[cfg(not(target_family = "wasm"))]
use crate::protocol::DeviceChoice;
use crate::protocol::DeviceReport;

/// The CPU engine's name.
const CPU: &str = "CPU";

/// A device that is ready for tensors.
#[derive(Clone)]
pub struct Engine {
    /// For every tensor.
    pub device: Device,
    /// For people.
    pub report: DeviceReport,
}

impl Engine {
    /// The CPU engine; `because` says why it was chosen, or nothing if it was asked for.
    pub fn cpu(because: impl Into<String>) -> Self {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        keep_memory();
        let adapter = if cfg!(target_family = "wasm") { "wasm SIMD" } else { "native" };
        let report = DeviceReport { engine: CPU.into(), adapter: adapter.into(), because: because.into() };
        Self { device: Device::flex(), report }
    }

    /// Whether a step is computed by the thread that asks for it.
    pub fn is_cpu(&self) -> bool {
        self.report.engine == CPU
    }
}

/// Has glibc keep freed memory for the next step in place of giving it back to the system.
///
/// Every step frees and asks again for the same megabytes; by default each of those is a fresh mapping whose pages
/// the kernel clears one by one, which takes half of a training step's time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_memory() {
    /// The largest block for which glibc allows it.
    const LARGEST: i32 = 32 << 20;
    static ONCE: std::sync::Once = std::sync::Once::new();
    // SAFETY: mallopt only sets numbers of the allocator. An answer of 0 means that one was not taken, which costs
    // time and nothing else.
    ONCE.call_once(|| unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    });
}

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::sync::OnceLock;

    use burn::tensor::wgpu::wgpu;

    use super::*;

    /// A GPU or software adapter that wgpu found.
    #[derive(Clone, Debug)]
    pub struct Adapter {
        /// Its own name.
        pub name: String,
        /// "Vulkan", "Metal", …
        pub api: String,
        /// Whether it computes on the CPU.
        pub software: bool,
    }

    impl Engine {
        /// The device for a choice. `Auto` takes a GPU, but no software adapter: the CPU engine is faster than that.
        ///
        /// # Errors
        /// A sentence, if a GPU was asked for and there is none, or it would not start.
        pub fn open(choice: DeviceChoice) -> Result<Self, String> {
            if choice == DeviceChoice::Cpu {
                return Ok(Self::cpu(""));
            }
            let adapters = Self::adapters();
            let hardware = adapters.iter().any(|adapter| !adapter.software);
            match choice {
                DeviceChoice::Auto if !hardware => Ok(Self::cpu("wgpu found no GPU here.")),
                _ if adapters.is_empty() => {
                    Err("--device gpu needs an adapter for Vulkan, Metal or DirectX 12, and wgpu found none."
                        .into())
                }
                _ => Self::gpu(),
            }
        }

        /// All adapters that wgpu can use for computing.
        pub fn adapters() -> Vec<Adapter> {
            let mut wanted = wgpu::InstanceDescriptor::new_without_display_handle();
            wanted.backends = wgpu::Backends::PRIMARY;
            let instance = wgpu::Instance::new(wanted);
            let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
            let describe = |adapter: wgpu::Adapter| {
                let info = adapter.get_info();
                Adapter {
                    name: info.name,
                    api: info.backend.to_string(),
                    software: info.device_type == wgpu::DeviceType::Cpu,
                }
            };
            found.into_iter().map(describe).collect()
        }

        /// The GPU; Burn lets a process open it once, so every later call gets the first one's answer.
        fn gpu() -> Result<Self, String> {
            static GPU: OnceLock<Result<Engine, String>> = OnceLock::new();
            GPU.get_or_init(Self::open_gpu).clone()
        }

        fn open_gpu() -> Result<Self, String> {
            let (device, setup) =
                Device::wgpu_options().tasks_max(TASKS_MAX).init_with_setup().map_err(|error| {
                    format!("The GPU would not start ({error}); --device cpu works everywhere.")
                })?;
            let info = setup.adapter.get_info();
            let report =
                DeviceReport { engine: info.backend.to_string(), adapter: info.name, because: String::new() };
            Ok(Self { device, report })
        }
    }
}

#[cfg(not(target_family = "wasm"))]
pub use native::Adapter;

/// Kernels in one submission: a whole step of a small transformer.
const TASKS_MAX: usize = 256;

#[cfg(target_family = "wasm")]
impl Engine {
    /// WebGPU. Probe the adapter first: without `timestamp-query` Burn panics at the first tensor.
    ///
    /// # Errors
    /// A sentence, if the device would not start.
    pub async fn webgpu() -> Result<Self, String> {
        let (device, setup) = Device::wgpu_options()
            .tasks_max(TASKS_MAX)
            .init_with_setup_async()
            .await
            .map_err(|error| format!("WebGPU would not start ({error})."))?;
        let info = setup.adapter.get_info();
        let report = DeviceReport { engine: "WebGPU".into(), adapter: info.name, because: String::new() };
        Ok(Self { device, report })
    }
}
